/** How many requests are on their way to one address. Held by each of them until its end. */
export interface InFlightCount {
  readonly address: string;
  count: number;
}

/** Addresses without requests that are kept in case more come: beginning anew costs more than finding them. */
const MOST_IDLE = 1024;

/** Counts the requests on their way to each address, looking an address up once for a request. */
export class InFlight {
  readonly #counts = new Map<string, InFlightCount>();
  /** The one asked for last: a choice of endpoint asks for the same several times. */
  #last: InFlightCount | undefined;
  #idle = 0;

  /** Addresses that have requests. */
  get busy(): number {
    return this.#counts.size - this.#idle;
  }

  /** Addresses that something is kept of. */
  get known(): number {
    return this.#counts.size;
  }

  of(address: string): number {
    return this.#find(address)?.count ?? 0;
  }

  /** Followed by exactly one `end` with what this returns. */
  begin(address: string): InFlightCount {
    let found = this.#find(address);
    if (found === undefined) {
      found = { address, count: 0 };
      this.#counts.set(address, found);
      this.#last = found;
    } else if (found.count === 0) this.#idle -= 1;
    found.count += 1;
    return found;
  }

  end(found: InFlightCount): void {
    found.count -= 1;
    if (found.count > 0) return;
    this.#idle += 1;
    if (this.#idle > MOST_IDLE) this.#forgetIdle();
  }

  #find(address: string): InFlightCount | undefined {
    if (this.#last?.address === address) return this.#last;
    const found = this.#counts.get(address);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #forgetIdle(): void {
    for (const { address, count } of this.#counts.values()) if (count === 0) this.#counts.delete(address);
    this.#idle = 0;
    this.#last = undefined;
  }
}
