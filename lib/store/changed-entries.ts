import type { StoredRouteId } from './store.ts';

/**
 * Entries of the table that changed, each once, key by key in the order in which they did. When a platform starts there
 * are as many as routes: for nearly all, two texts that exist anyway are held, and no name is made of them.
 */
export class ChangedEntries {
  /** By key: the address of its entry, of which there is mostly one. */
  readonly #addresses = new Map<string, string | Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: string, address: string): void {
    const known = this.#addresses.get(key);
    if (known === address) return;
    if (known === undefined) this.#addresses.set(key, address);
    else if (typeof known === 'string') this.#addresses.set(key, new Set([known, address]));
    else if (known.has(address)) return;
    else known.add(address);
    this.#size += 1;
  }

  /** Hands them out, and forgets each as it goes. What is added meanwhile comes in its turn; the walk may be left off. */
  *take(): Generator<StoredRouteId> {
    for (const [key, known] of this.#addresses) {
      for (const address of typeof known === 'string' ? [known] : known) {
        this.#forget(key, address);
        yield { key, address };
      }
    }
  }

  #forget(key: string, address: string): void {
    const known = this.#addresses.get(key);
    if (typeof known === 'object') known.delete(address);
    if (typeof known !== 'object' || known.size === 0) this.#addresses.delete(key);
    this.#size -= 1;
  }
}
