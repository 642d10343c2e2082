/** Orders what the routing API says about one route; the bus has none (contract: bus.md 6). */
export interface ModificationTag {
  /** Empty = no tag. */
  readonly guid: string;
  readonly index: number;
}

export const NO_TAG: ModificationTag = Object.freeze({ guid: '', index: 0 });

/** Whether `next` is news to who knows `known`: another life of the route, or a later state of the same. */
export function isSucceededBy(known: ModificationTag, next: ModificationTag): boolean {
  return known.guid === '' || next.guid === '' || known.guid !== next.guid || known.index < next.index;
}

export function isSameTag(a: ModificationTag, b: ModificationTag): boolean {
  return a.guid === b.guid && a.index === b.index;
}
