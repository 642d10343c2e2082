import { isBodiless, type ResponseBody } from '../http1/response-framing.ts';
import type { Answer } from '../request/answer.ts';
import { sameName } from '../request/header-names.ts';
import { stripHopByHop } from '../request/hop-by-hop.ts';
import { announcedTrailers } from '../request/trailers.ts';
import { isConnectionSpecific } from './fields.ts';

/** The field section of a proxied answer: `headers` from the policy. */
export function relayedFields(
  status: number,
  method: string,
  headers: readonly string[],
  body: ResponseBody,
): string[] {
  const fields = [':status', String(status)];
  const noLength = status === 204 || status === 304;
  const trailers = (body === 'chunked' || body === 'close') && !isBodiless(status, method);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (isConnectionSpecific(name)) continue;
    // RFC 9110 §8.6: a 204 has no length, and that of a 304 would be of an answer that was not given.
    if (noLength && sameName(name, 'content-length')) continue;
    if (sameName(name, 'trailer')) {
      const names = trailers ? announcedTrailers(value) : undefined;
      if (names !== undefined) fields.push('trailer', names);
      continue;
    }
    fields.push(name.toLowerCase(), value);
  }
  return fields;
}

/** The field section of an answer of the router's own. `date`: IMF-fixdate; empty = none. */
export function ownFields(answer: Answer, date: string): string[] {
  const fields = [':status', String(answer.status)];
  for (let i = 0; i < answer.headers.length; i += 2) {
    fields.push(answer.headers[i]!.toLowerCase(), answer.headers[i + 1]!);
  }
  if (date !== '') fields.push('date', date);
  return fields;
}

/** The field section of an interim answer: without framing, since there is no body. */
export function interimFields(status: number, headers: readonly string[]): string[] {
  const fields = [':status', String(status)];
  const kept = stripHopByHop(headers);
  for (let i = 0; i < kept.length; i += 2) {
    const name = kept[i]!.toLowerCase();
    if (name !== 'content-length' && !isConnectionSpecific(name)) fields.push(name, kept[i + 1]!);
  }
  return fields;
}
