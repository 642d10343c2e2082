import type { Counters } from '../request/counters.ts';
import { type BodyRate, BodyRateGuard, type Uploader } from './body-rate.ts';
import { Draining } from './draining.ts';
import { Deadlines, type Timed } from './fast/deadlines.ts';
import type { LaneFigures } from './lane.ts';

/** A client's connection as its lane keeps it. */
export interface LaneClient extends Timed {
  readonly socket: { destroy(): void };
}

export interface LaneClientsDeps {
  readonly counters: Counters;
  /** The limits of time that connections and what is watched besides may have, ms; 0 or less = none. */
  readonly limits: readonly number[];
  /** Of the bodies of requests. */
  readonly bodyRate: BodyRate | undefined;
  /** What the bodies of requests come on; asked only while their pace is limited. */
  readonly uploaders: () => Iterable<Uploader>;
  /** Called with each step of the clock, while draining. */
  readonly onDrainTick?: (now: number) => void;
  /** Called once, when the lane is to finish what runs. */
  readonly onDrain?: () => void;
}

/** The clients' connections of one lane: watched over, counted, drained and cut. */
export class LaneClients<Client extends LaneClient> {
  readonly #counters: Counters;
  readonly #open = new Set<Client>();
  readonly #deadlines: Deadlines;
  readonly #bodyRate: BodyRateGuard | undefined;
  readonly #draining: Draining;
  #activeRequests = 0;

  constructor(deps: LaneClientsDeps) {
    const { counters, limits, bodyRate, uploaders, onDrainTick, onDrain } = deps;
    this.#counters = counters;
    this.#draining = new Draining({
      isEmpty: () => this.#open.size === 0,
      ...(onDrain === undefined ? {} : { onBegin: onDrain }),
    });
    this.#deadlines = new Deadlines(limits, (now) => {
      if (this.#draining.begun) onDrainTick?.(now);
    });
    this.#deadlines.start();
    if (bodyRate !== undefined) this.#bodyRate = new BodyRateGuard(bodyRate, uploaders);
  }

  get draining(): boolean {
    return this.#draining.begun;
  }

  /** Those that are open now; some may go while they are walked through. */
  [Symbol.iterator](): Iterator<Client> {
    return this.#open.values();
  }

  add(connection: Client): void {
    this.#open.add(connection);
    this.#deadlines.add(connection);
    this.#counters.connectionsOpened += 1;
  }

  /** It is over. */
  closed(connection: Client): void {
    this.#forget(connection);
    this.#counters.connectionsClosed += 1;
    this.#draining.check();
  }

  /** Leaves it to the lane that `take` gives it to, which counts it as its own. */
  handOver(connection: Client, take: () => void): void {
    this.#forget(connection);
    this.#counters.connectionsOpened -= 1;
    take();
    this.#draining.check();
  }

  requestBegun(): void {
    this.#activeRequests += 1;
  }

  requestEnded(): void {
    this.#activeRequests -= 1;
  }

  /** What else has limits of time, until it is no longer watched. */
  watch(timed: Timed): void {
    this.#deadlines.add(timed);
  }

  unwatch(timed: Timed): void {
    this.#deadlines.remove(timed);
  }

  figures(): LaneFigures {
    return {
      activeRequests: this.#activeRequests,
      openConnections: this.#open.size,
      openTunnels: 0,
      idleEndpointConnections: 0,
    };
  }

  /** Resolves when all connections are gone and no more can come, which is when `noMore` resolves. */
  drain(noMore: Promise<void>): Promise<void> {
    return this.#draining.begin(noMore);
  }

  /** Cuts everything. Safe to call twice. */
  stop(): void {
    this.#deadlines.stop();
    this.#bodyRate?.stop();
    for (const connection of [...this.#open]) connection.socket.destroy();
  }

  #forget(connection: Client): void {
    this.#open.delete(connection);
    this.#deadlines.remove(connection);
  }
}
