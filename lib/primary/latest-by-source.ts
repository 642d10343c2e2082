const MOST = 10_000;

/** Seconds that the latest request of each app took; of more than 10,000 apps, those asked for least recently are left out. */
export class LatestBySource {
  readonly #values = new Map<string, number>();

  get values(): ReadonlyMap<string, number> {
    return this.#values;
  }

  add(news: ReadonlyMap<string, number>): void {
    for (const [source, seconds] of news) {
      // Anew, so that the map's order is that of the last requests.
      this.#values.delete(source);
      this.#values.set(source, seconds);
    }
    for (const source of this.#values.keys()) {
      if (this.#values.size <= MOST) break;
      this.#values.delete(source);
    }
  }
}
