import { sameName } from '../request/header-names.ts';

/** A request of HTTP/2 in the terms of the policies, which are HTTP/1.1's. */
export interface RequestFields {
  readonly method: string;
  /** `:path`; empty for CONNECT. */
  readonly target: string;
  /** Name, value, ...: `Host` first, `cookie` one field. */
  readonly headers: readonly string[];
}

/**
 * Reads the field section of a request (name, value, ..., lower-case names, pseudo-fields first); undefined when it is
 * malformed. The codec below has refused by then what breaks the rules for names, values and pseudo-fields, and fields
 * that speak of a connection (RFC 9113 §8.2, §8.3); that `:authority` and `host` name the same is left to us.
 */
export function requestFields(raw: readonly string[]): RequestFields | undefined {
  let method = '';
  let target = '';
  let host: string | undefined;
  let cookieAt = -1;
  const headers: string[] = ['host', ''];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    switch (name) {
      case ':method':
        method = value;
        break;
      case ':path':
        target = value;
        break;
      case ':scheme':
        break;
      case ':authority':
      case 'host':
        // Two names for one request: the route would be chosen by the one and the app by the other (RFC 9113 §8.3.1).
        if (host !== undefined && !sameName(host, value.toLowerCase())) return undefined;
        host ??= value;
        break;
      case 'cookie':
        // Taken apart for the sake of compression; one field again where it leaves HTTP/2 (RFC 9113 §8.2.3).
        if (cookieAt === -1) {
          cookieAt = headers.length + 1;
          headers.push(name, value);
        } else headers[cookieAt] = `${headers[cookieAt]}; ${value}`;
        break;
      default:
        if (name.charCodeAt(0) === 58) return undefined;
        headers.push(name, value);
    }
  }
  if (host === undefined) headers.splice(0, 2);
  else headers[1] = host;
  return { method, target, headers };
}
