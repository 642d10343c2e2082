import { isSameTag, isSucceededBy, type ModificationTag, NO_TAG } from '../routes/modification-tag.ts';
import type { EndpointRecord } from './registry-pool.ts';

/** The modification tags of the endpoints that came with one: those of the routing API (contract: bus.md 6). */
export class KnownTags {
  readonly #tags = new WeakMap<EndpointRecord, ModificationTag>();

  /** Whether a register message with that tag may change the endpoint. */
  isNews(record: EndpointRecord, tag: ModificationTag): boolean {
    return isSucceededBy(this.#of(record), tag);
  }

  /** Whether an unregister message with that tag is about this endpoint, not about an earlier one. */
  applies(record: EndpointRecord, tag: ModificationTag): boolean {
    const known = this.#of(record);
    return isSameTag(known, tag) || isSucceededBy(known, tag);
  }

  remember(record: EndpointRecord, tag: ModificationTag): void {
    if (tag.guid === '') this.#tags.delete(record);
    else this.#tags.set(record, tag);
  }

  #of(record: EndpointRecord): ModificationTag {
    return this.#tags.get(record) ?? NO_TAG;
  }
}
