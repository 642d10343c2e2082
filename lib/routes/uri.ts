/**
 * A registered URI as route key: lower case, without query, without one trailing and one leading slash
 * (contract: registry.md 1).
 */
export function routeKey(uri: string): string {
  let key = uri.toLowerCase();
  const query = key.indexOf('?');
  if (query !== -1) key = key.slice(0, query);
  if (key.endsWith('/')) key = key.slice(0, -1);
  if (key.startsWith('/')) key = key.slice(1);
  return key;
}

/** The context path of a registered URI as it was spelled, `/` when there is none. */
export function contextPathOf(uri: string): string {
  const query = uri.indexOf('?');
  const bare = query === -1 ? uri : uri.slice(0, query);
  const slash = bare.indexOf('/', bare.startsWith('/') ? 1 : 0);
  if (slash === -1) return '/';
  const path = bare.endsWith('/') ? bare.slice(slash, -1) : bare.slice(slash);
  return path === '' ? '/' : path;
}
