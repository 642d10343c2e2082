/** Which isolation segments this router serves (contract: registry.md 8). */
export interface Sharding {
  readonly mode: 'all' | 'segments' | 'shared-and-segments';
  readonly segments: ReadonlySet<string>;
}

export function acceptsSegment(sharding: Sharding, segment: string): boolean {
  switch (sharding.mode) {
    case 'all':
      return true;
    case 'segments':
      return sharding.segments.has(segment);
    case 'shared-and-segments':
      return segment === '' || sharding.segments.has(segment);
  }
}
