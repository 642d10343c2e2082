import { linesText } from '../../http1/lines-text.ts';
import { isBodiless } from '../../http1/response-framing.ts';
import { sameName } from '../../request/header-names.ts';
import { reasonPhrase } from '../../request/reason-phrase.ts';
import { announcedTrailers } from '../../request/trailers.ts';
import type { ResponseHead } from '../exchange-sides.ts';

/** A response head on its way to an HTTP/1.1 client. */
export interface RelayedHead {
  /** As bytes (latin1), the empty line included. */
  readonly text: string;
  /** Whether the body leaves in chunks: where its length is not known before its end. */
  readonly chunked: boolean;
}

/** The head of a proxied answer: `headers`, which are the policy's, and the framing of this connection. */
export function relayedHead(
  response: ResponseHead,
  method: string,
  headers: readonly string[],
  close: boolean,
): RelayedHead {
  const { status, body } = response;
  const chunked = (body === 'chunked' || body === 'close') && !isBodiless(status, method);
  let text = statusLine(status) + linesText(framedFields(headers, status, chunked), response);
  if (chunked) text += 'Transfer-Encoding: chunked\r\n';
  if (close) text += 'Connection: close\r\n';
  return { text: text + '\r\n', chunked };
}

/** `headers` without those that the framing does not bear; the same array where nothing has to be changed. */
function framedFields(headers: readonly string[], status: number, chunked: boolean): readonly string[] {
  const noLength = status === 204 || status === 304;
  let framed: string[] | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    switch (name.length) {
      case 14:
        // RFC 9110 §8.6: a 204 has no length, and that of a 304 would be of an answer that was not given.
        if (!noLength || !sameName(name, 'content-length')) break;
        framed ??= headers.slice(0, i);
        continue;
      case 7: {
        if (!sameName(name, 'trailer')) break;
        framed ??= headers.slice(0, i);
        const names = chunked ? announcedTrailers(value) : undefined;
        if (names !== undefined) framed.push(name, names);
        continue;
      }
    }
    framed?.push(name, value);
  }
  return framed ?? headers;
}

/** By status, once it was asked for. */
const STATUS_LINES: string[] = [];

function statusLine(status: number): string {
  STATUS_LINES[status] ??= `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  return STATUS_LINES[status];
}
