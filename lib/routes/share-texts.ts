import type { Endpoint } from './endpoint.ts';

const MOST_TEXTS = 4096;
const texts = new Map<string, string>();

/**
 * Lets an endpoint that was parsed just now have each text once: those that name the app or the instance a second
 * time, and those that most endpoints have. What it says stays the same. 200 bytes for each route of a platform's.
 */
export function shareTexts(endpoint: Endpoint): void {
  const own = endpoint as { -readonly [Name in keyof Endpoint]: Endpoint[Name] };
  if (own.serverCertDomainSan === own.instanceId) own.serverCertDomainSan = own.instanceId;
  own.protocol = common(own.protocol);
  own.availabilityZone = common(own.availabilityZone);
  own.isolationSegment = common(own.isolationSegment);
  const tags = own.tags as Record<string, string> | null;
  if (tags === null) return;
  // `process_id` is the app's own id for its main process.
  for (const name in tags) tags[name] = tags[name] === own.appId ? own.appId : common(tags[name]!);
}

/** The same text, once in memory, for the first so many there are. */
function common(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size < MOST_TEXTS) texts.set(text, text);
  return text;
}
