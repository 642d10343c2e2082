// NUL and lone surrogates do not survive every store's text type unharmed.
const NOT_PLAIN = /\0|\p{Cs}/u;

/**
 * The name under which a store keeps one endpoint of one route. The leading length makes it unambiguous: neither
 * keys nor hosts are restricted in what they may contain (contract: registry.md 1, bus.md 4).
 */
export function routeId(key: string, address: string): string {
  const id = `${key.length} ${key} ${address}`;
  return NOT_PLAIN.test(id) ? JSON.stringify(id) : id;
}

/** Whether `id` is that of the endpoint. The same as comparing, without the search for odd characters. */
export function isRouteId(id: string, key: string, address: string): boolean {
  return id === `${key.length} ${key} ${address}` || id === routeId(key, address);
}
