/**
 * `host:port`, with brackets round an IPv6 address, as Go takes an address to listen on: an empty host is all
 * addresses. Throws on anything else, naming it.
 */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new Error(`listen tcp: address ${text}: host:port is expected, such as 127.0.0.1:17002`);
  }
  const host = bracketed ?? plain ?? '';
  return { host: host === '' ? '::' : host, port };
}
