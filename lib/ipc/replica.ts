import type { Change } from '../routes/change.ts';
import type { Pool } from '../routes/pool.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { decodeChanges, decodePools, Interner } from './codec.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { ReplicaTable } from './replica-table.ts';

export interface ReplicaDeps {
  readonly send: (message: ToPrimary) => void;
  /** A whole table has come into use: the first one, or one in place of another. */
  readonly onTable: (table: RouteTable) => void;
  /** A change was applied to the table in use. `before` is the pool as it was. */
  readonly onChange: (change: Change, before: Pool | undefined) => void;
  /** A failure mark, wherever it came from. */
  readonly onMark: (key: string, address: string, untilMs: number) => void;
}

interface Building {
  readonly table: ReplicaTable;
  chunk: number;
}

/**
 * A worker's copy of the route table: applies what the primary sends, checks that nothing is missing, and asks
 * for the whole table when something is. The table in use keeps serving meanwhile.
 */
export class Replica {
  readonly #deps: ReplicaDeps;
  readonly #interner = new Interner();
  #current: ReplicaTable | undefined;
  #building: Building | undefined;
  #epoch = '';
  #tableNumber = 0;
  #chunk = 0;
  #seq = 0;
  #ailing = false;

  constructor(deps: ReplicaDeps) {
    this.#deps = deps;
  }

  /** Whether a whole table is in use. */
  get complete(): boolean {
    return this.#current !== undefined;
  }

  get seq(): number {
    return this.#seq;
  }

  get checksum(): number {
    return (this.#building?.table ?? this.#current)?.checksum ?? 0;
  }

  get endpointCount(): number {
    return this.#current?.endpointCount ?? 0;
  }

  /** Applies one message about the table; any other is not for us. */
  receive(message: ToWorker): void {
    switch (message.type) {
      case 'table-start':
        if (message.epoch === this.#epoch && message.table <= this.#tableNumber) return;
        this.#epoch = message.epoch;
        this.#tableNumber = message.table;
        this.#chunk = 0;
        this.#seq = message.seq;
        this.#ailing = false;
        this.#building = { table: new ReplicaTable(), chunk: 0 };
        this.#acknowledge();
        return;
      case 'table-chunk':
        this.#chunkReceived(message);
        return;
      case 'table-end':
        this.#tableReceived(message);
        return;
      case 'delta':
        this.#deltaReceived(message);
        return;
      case 'beat':
        this.#beatReceived(message);
        return;
      default:
        return;
    }
  }

  #chunkReceived(message: Extract<ToWorker, { type: 'table-chunk' }>): void {
    if (!this.#isOfThisTable(message)) return;
    const building = this.#building;
    if (building === undefined || message.chunk <= building.chunk) return;
    if (message.chunk !== building.chunk + 1) {
      this.#ask(`chunk ${message.chunk} came after ${building.chunk}`);
      return;
    }
    const pools = this.#decoded(() => decodePools(message.pools, this.#interner));
    if (pools === undefined) return;
    building.chunk = message.chunk;
    this.#chunk = message.chunk;
    for (const { pool, marks } of pools) {
      building.table.set(pool);
      for (const [address, untilMs] of marks) this.#deps.onMark(pool.key, address, untilMs);
    }
    if (message.quiet !== true) this.#acknowledge();
  }

  #tableReceived(message: Extract<ToWorker, { type: 'table-end' }>): void {
    if (!this.#isOfThisTable(message)) return;
    const building = this.#building;
    if (building === undefined) return;
    if (building.chunk !== message.chunks || this.#seq !== message.seq) {
      this.#ask(
        `the table ended at chunk ${message.chunks}, change ${message.seq}; got ${building.chunk}, ${this.#seq}`,
      );
      return;
    }
    if (building.table.checksum !== message.checksum) {
      this.#ask('the whole table has another checksum than the primary');
      return;
    }
    this.#building = undefined;
    this.#current = building.table;
    this.#deps.onTable(building.table.routes);
    this.#acknowledge();
  }

  #deltaReceived(message: Extract<ToWorker, { type: 'delta' }>): void {
    if (message.epoch !== this.#epoch) {
      this.#ask('the primary has begun a new epoch');
      return;
    }
    const table = this.#building?.table ?? this.#current;
    if (this.#ailing || table === undefined) return;
    if (message.last <= this.#seq) {
      this.#acknowledge();
      return;
    }
    if (message.first !== this.#seq + 1) {
      this.#ask(`change ${message.first} came after ${this.#seq}`);
      return;
    }
    const changes = this.#decoded(() => decodeChanges(message.changes, this.#interner));
    if (changes === undefined) return;
    const inUse = this.#building === undefined;
    for (const change of changes) {
      if (change.op === 'mark') {
        this.#deps.onMark(change.key, change.address, change.untilMs);
        continue;
      }
      const before = table.apply(change);
      if (inUse) this.#deps.onChange(change, before);
    }
    this.#seq = message.last;
    // Half a table has no checksum that the primary could know: it is compared when the table ends.
    if (inUse && table.checksum !== message.checksum) {
      this.#ask(`after change ${message.last} the table has another checksum than the primary`);
      return;
    }
    this.#acknowledge();
  }

  #beatReceived(message: Extract<ToWorker, { type: 'beat' }>): void {
    if (message.epoch !== this.#epoch || message.table !== this.#tableNumber) {
      this.#ask('a table was announced that never came');
    } else if (this.#ailing) {
      this.#ask('still waiting for a table');
    } else if (message.seq > this.#seq) {
      this.#ask(`changes up to ${message.seq} were sent, only ${this.#seq} came`);
    } else if (this.#building !== undefined && (message.ended || message.chunk > this.#building.chunk)) {
      this.#ask('part of the table never came');
    } else {
      this.#acknowledge();
    }
  }

  #isOfThisTable(message: { readonly epoch: string; readonly table: number }): boolean {
    if (message.epoch === this.#epoch && message.table === this.#tableNumber) return !this.#ailing;
    if (message.epoch !== this.#epoch || message.table > this.#tableNumber)
      this.#ask('a table without a beginning');
    return false;
  }

  #decoded<T>(decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      this.#ask(`unreadable message: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #ask(reason: string): void {
    this.#ailing = true;
    this.#building = undefined;
    this.#deps.send({ type: 'resync', reason });
  }

  #acknowledge(): void {
    this.#deps.send({
      type: 'ack',
      epoch: this.#epoch,
      table: this.#tableNumber,
      chunk: this.#chunk,
      seq: this.#seq,
      checksum: this.checksum,
      complete: this.#building === undefined && this.#current !== undefined && !this.#ailing,
    });
  }
}
