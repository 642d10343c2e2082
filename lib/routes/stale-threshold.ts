/** An endpoint's own threshold only ever lowers the router's; below 0 it is stale at the next cycle (registry.md 6). */
export function effectiveThresholdMs(ownSeconds: number, routerMs: number): number {
  const ownMs = ownSeconds * 1000;
  return ownMs === 0 || ownMs > routerMs ? routerMs : ownMs;
}
