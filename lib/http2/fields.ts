import { HeaderNames } from '../request/header-names.ts';

const CONNECTION_SPECIFIC = new HeaderNames(
  [
    'connection',
    'http2-settings',
    'keep-alive',
    'proxy-connection',
    'te',
    'transfer-encoding',
    'upgrade',
  ].map((name) => [name, true] as const),
);

/**
 * Whether a field speaks of an HTTP/1.1 connection and its framing, which is malformed in HTTP/2 (RFC 9113 §8.2.2).
 * `te: trailers`, the one exception, is the caller's to put back.
 */
export function isConnectionSpecific(name: string): boolean {
  return CONNECTION_SPECIFIC.get(name) === true;
}

/** Fields as node takes them where it takes no list: one property for each name, repeated values as an array. */
export function fieldObject(fields: readonly string[]): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const value = fields[i + 1]!;
    const before = object[name];
    if (before === undefined) object[name] = value;
    else if (typeof before === 'string') object[name] = [before, value];
    else before.push(value);
  }
  return object;
}
