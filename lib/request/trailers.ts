import { HeaderNames } from './header-names.ts';
import { isHopByHop } from './hop-by-hop.ts';

// RFC 9110 §6.5.1: framing, routing, authentication, request modifiers and content description may not come late:
// the recipient has acted on the head by then.
const FORBIDDEN = new HeaderNames(
  [
    'authorization',
    'cache-control',
    'content-encoding',
    'content-length',
    'content-range',
    'content-type',
    'cookie',
    'expect',
    'forwarded',
    'host',
    'max-forwards',
    'pragma',
    'range',
    'set-cookie',
    'www-authenticate',
    'x-real-ip',
  ].map((name) => [name, true] as const),
);

const FORBIDDEN_PREFIXES = /^x[-_](?:forwarded|cf|vcap|b3)[-_]|^if-/i;

/** Trailer fields that may be passed on, as name, value, ... */
export function forwardableTrailers(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (isForwardableTrailer(raw[i]!)) kept.push(raw[i]!, raw[i + 1]!);
  }
  return kept;
}

/** The fields of a `Trailer` announcement that will come; undefined when none does. */
export function announcedTrailers(value: string): string | undefined {
  const names = value.split(',').map((name) => name.trim());
  const kept = names.filter((name) => name !== '' && isForwardableTrailer(name));
  return kept.length === 0 ? undefined : kept.join(', ');
}

function isForwardableTrailer(name: string): boolean {
  return FORBIDDEN.get(name) !== true && !isHopByHop(name) && !FORBIDDEN_PREFIXES.test(name);
}
