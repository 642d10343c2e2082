import { HeaderNames, sameName } from './header-names.ts';
import { listElements } from './request-head.ts';

/** Fields that end at the next hop whether `Connection` names them or not (contract: http.md 8). */
export const HOP_BY_HOP: readonly string[] = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

const HOP_BY_HOP_NAMES = new HeaderNames(HOP_BY_HOP.map((name) => [name, true] as const));

// RFC 9110 §7.6.1: a field meant for all recipients must not be a connection option. Whoever nominates one
// wants it lost between us and the endpoint: identity, routing, framing, caching or safety of the content.
const END_TO_END = new HeaderNames(
  [
    'accept',
    'age',
    'allow',
    'authorization',
    'b3',
    'cache-control',
    'cookie',
    'date',
    'etag',
    'expect',
    'expires',
    'forwarded',
    'from',
    'host',
    'idempotency-key',
    'last-modified',
    'link',
    'location',
    'origin',
    'pragma',
    'range',
    'referer',
    'retry-after',
    'server',
    'set-cookie',
    'strict-transport-security',
    'traceparent',
    'tracestate',
    'user-agent',
    'vary',
    'via',
    'warning',
    'www-authenticate',
    'x-content-type-options',
    'x-frame-options',
    'x-idempotency-key',
    'x-real-ip',
    'x-request-id',
    'x-request-start',
  ].map((name) => [name, true] as const),
);

const END_TO_END_PREFIXES: readonly string[] = [
  'accept-',
  'access-control-',
  'content-',
  'cross-origin-',
  'if-',
  'sec-',
  'x-auth',
  'x-b3-',
  'x-cf-',
  'x-forwarded-',
  'x-vcap-',
];

const NONE: ReadonlySet<string> = new Set();

/**
 * The lower-case names that `Connection` nominates for removal, less those that may not be removed that way:
 * end-to-end fields that matter, and `protectedNames` (lower case). Undefined when nothing is left, as nearly
 * always.
 */
export function nominatedNames(
  headers: readonly string[],
  protectedNames: ReadonlySet<string> = NONE,
): ReadonlySet<string> | undefined {
  let nominated: Set<string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (!sameName(headers[i]!, 'connection')) continue;
    const value = headers[i + 1]!;
    if (isUsual(value)) continue;
    for (const element of listElements(value)) {
      if (isUsual(element)) continue;
      const name = element.toLowerCase();
      if (isEndToEnd(name) || protectedNames.has(name)) continue;
      nominated ??= new Set();
      nominated.add(name);
    }
  }
  return nominated;
}

/** A head without its hop-by-hop fields and those that its `Connection` nominates (RFC 9110 §7.6.1). */
export function stripHopByHop(headers: readonly string[], protectedNames?: ReadonlySet<string>): string[] {
  const nominated = nominatedNames(headers, protectedNames);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (isHopByHop(name) || nominated?.has(name.toLowerCase())) continue;
    kept.push(name, headers[i + 1]!);
  }
  return kept;
}

export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP_NAMES.get(name) === true;
}

function isUsual(option: string): boolean {
  return sameName(option, 'keep-alive') || sameName(option, 'close') || sameName(option, 'upgrade');
}

function isEndToEnd(lowerName: string): boolean {
  return (
    END_TO_END.get(lowerName) === true || END_TO_END_PREFIXES.some((prefix) => lowerName.startsWith(prefix))
  );
}
