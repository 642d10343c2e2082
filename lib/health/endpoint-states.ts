import type { EndpointView } from '../balance/picker.ts';
import type { Newcomer } from '../balance/slow-start.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import { InFlight, type InFlightCount } from './in-flight.ts';

/** Positions wrap here: far from where adding one to a number stops working. */
const POSITIONS = 2 ** 30;

/**
 * What one worker knows about endpoints beyond the route table: requests on their way, failure marks, and how
 * far each pool's rotation got. Outlives a pool's replacement; counts go by address, marks and positions by
 * route key. Holds nothing for forgotten pools, and little for idle endpoints.
 */
export class EndpointStates implements EndpointView {
  readonly #inFlight = new InFlight();
  /*
   * By route key. One map for each kind: most pools have nothing in any, and a map that is empty is looked up for
   * nothing where one of all pools would cost a place in memory that nobody has touched lately.
   */
  readonly #positions = new Map<string, number>();
  /** Unix ms until which an address is passed over. */
  readonly #marks = new Map<string, Map<string, number>>();
  /** By address. */
  readonly #newcomers = new Map<string, Map<string, Newcomer>>();
  readonly #random: () => number;
  newcomersUntilMs = 0;

  /** `random` gives 0 <= x < 1: where each pool's rotation starts, so that workers do not march in step. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** A request is handed to the transport. Each begin is followed by exactly one `end` with what it returned. */
  begin(endpoint: Endpoint): InFlightCount {
    return this.#inFlight.begin(endpoint.address);
  }

  /** The response head arrived, or the attempt failed (registry.md 9). */
  end(begun: InFlightCount): void {
    this.#inFlight.end(begun);
  }

  inFlight(endpoint: Endpoint): number {
    return this.#inFlight.of(endpoint.address);
  }

  /** Times the marks of a route were forgotten because all its endpoints had one. */
  marksIgnored = 0;

  /** Number of addresses with requests on their way. */
  get busy(): number {
    return this.#inFlight.busy;
  }

  /** Has an endpoint passed over on one route until `untilMs` (Unix ms). A later mark moves the time. */
  mark(key: string, address: string, untilMs: number): void {
    if (key === '') return; // a throw-away pool: what happened there stays there
    let marks = this.#marks.get(key);
    if (marks === undefined) {
      marks = new Map();
      this.#marks.set(key, marks);
    }
    marks.set(address, untilMs);
  }

  marked(pool: Pool, endpoint: Endpoint, nowMs: number): boolean {
    if (this.#marks.size === 0) return false;
    const marks = this.#marks.get(pool.key);
    const untilMs = marks?.get(endpoint.address);
    if (marks === undefined || untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#unmark(pool.key, marks, endpoint.address);
    return false;
  }

  clearMarks(pool: Pool): void {
    if (this.#marks.delete(pool.key)) this.marksIgnored += 1;
  }

  nextPosition(pool: Pool): number {
    const { key } = pool;
    const position = this.#positions.get(key) ?? Math.floor(this.#random() * POSITIONS);
    if (key !== '') this.#positions.set(key, (position + 1) % POSITIONS);
    return position;
  }

  /** An endpoint came to a route that is served. */
  arrived(key: string, address: string, newcomer: Newcomer): void {
    let newcomers = this.#newcomers.get(key);
    if (newcomers === undefined) {
      newcomers = new Map();
      this.#newcomers.set(key, newcomers);
    }
    newcomers.set(address, newcomer);
    this.newcomersUntilMs = Math.max(this.newcomersUntilMs, newcomer.sinceMs + newcomer.windowMs);
  }

  newcomers(pool: Pool, nowMs: number): ReadonlyMap<string, Newcomer> | undefined {
    const newcomers = this.#newcomers.get(pool.key);
    if (newcomers === undefined) return undefined;
    for (const [address, { sinceMs, windowMs }] of newcomers) {
      if (nowMs - sinceMs >= windowMs) newcomers.delete(address);
    }
    if (newcomers.size > 0) return newcomers;
    this.#newcomers.delete(pool.key);
    return undefined;
  }

  /** The pool is gone from the table, and with it what was known of it. */
  forget(key: string): void {
    this.#positions.delete(key);
    this.#marks.delete(key);
    this.#newcomers.delete(key);
  }

  /** The endpoint left the pool: what was held for or against it would never be met again. */
  forgetEndpoint(key: string, address: string): void {
    const marks = this.#marks.get(key);
    if (marks !== undefined) this.#unmark(key, marks, address);
    this.#newcomers.get(key)?.delete(address);
  }

  /** Forgets every pool that `exists` does not know: after a whole table was exchanged. */
  retain(exists: (key: string) => boolean): void {
    for (const known of [this.#positions, this.#marks, this.#newcomers]) {
      for (const key of known.keys()) if (!exists(key)) known.delete(key);
    }
  }

  #unmark(key: string, marks: Map<string, number>, address: string): void {
    marks.delete(address);
    if (marks.size === 0) this.#marks.delete(key);
  }
}
