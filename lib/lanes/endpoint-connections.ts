/** A connection as its pool sees it. */
export interface PooledConnection {
  /** Whether it can be leased again, as far as this side can know. */
  readonly usable: boolean;
  lease(): void;
  destroy(): void;
}

/** What a connection tells its pool. */
export interface ConnectionOwner<C> {
  /** Whole exchanges are behind it and it can carry another. */
  released(connection: C): void;
  /** The endpoint closed it while it was idle, for `idleMs` by then. */
  idleEnded(idleMs: number): void;
  closed(connection: C): void;
}

/** What the connections of all endpoints share. */
export interface PoolTotals<C> {
  /** Idle ones of one endpoint at most. */
  readonly maxIdle: number;
  readonly open: Set<C>;
  /** Nothing is kept any more. */
  stopped: boolean;
  idle: number;
  /** The last connection to an endpoint closed. */
  emptied(key: string): void;
  idleEnded(key: string, idleMs: number): void;
  /** Beside what the pool does with it itself. */
  readonly closed: ((connection: C) => void) | undefined;
}

/** The connections to one endpoint. The last used goes out first, so that a quiet time lets the surplus grow old. */
export class EndpointConnections<C extends PooledConnection> implements ConnectionOwner<C> {
  readonly key: string;
  readonly #totals: PoolTotals<C>;
  readonly #idle: C[] = [];
  #open = 0;

  constructor(key: string, totals: PoolTotals<C>) {
    this.key = key;
    this.#totals = totals;
  }

  opened(connection: C): void {
    this.#open += 1;
    this.#totals.open.add(connection);
  }

  /** An idle connection that looks alive, leased, or undefined. */
  take(): C | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      this.#totals.idle -= 1;
      if (connection.usable) {
        connection.lease();
        return connection;
      }
      connection.destroy();
    }
  }

  released(connection: C): void {
    if (this.#totals.stopped || this.#idle.length >= this.#totals.maxIdle) {
      connection.destroy();
      return;
    }
    this.#idle.push(connection);
    this.#totals.idle += 1;
  }

  idleEnded(idleMs: number): void {
    this.#totals.idleEnded(this.key, idleMs);
  }

  closed(connection: C): void {
    if (!this.#totals.open.delete(connection)) return;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) {
      this.#idle.splice(at, 1);
      this.#totals.idle -= 1;
    }
    this.#totals.closed?.(connection);
    this.#open -= 1;
    if (this.#open === 0) this.#totals.emptied(this.key);
  }

  /** Closes the idle ones. */
  drain(): void {
    const idle = this.#idle.splice(0);
    this.#totals.idle -= idle.length;
    for (const connection of idle) connection.destroy();
  }
}
