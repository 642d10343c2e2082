import { isBodiless, type ResponseBody } from '../../http1/response-framing.ts';
import { sameName } from '../../request/header-names.ts';
import { reasonPhrase } from '../../request/reason-phrase.ts';
import { announcedTrailers } from '../../request/trailers.ts';

/** A response head on its way to an HTTP/1.1 client. */
export interface RelayedHead {
  /** As bytes (latin1), the empty line included. */
  readonly text: string;
  /** Whether the body leaves in chunks: where its length is not known before its end. */
  readonly chunked: boolean;
}

/** The head of a proxied answer: the policy's fields, and the framing of this connection. */
export function relayedHead(
  status: number,
  method: string,
  headers: readonly string[],
  body: ResponseBody,
  close: boolean,
): RelayedHead {
  const chunked = (body === 'chunked' || body === 'close') && !isBodiless(status, method);
  const noLength = status === 204 || status === 304;
  let text = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    switch (name.length) {
      case 14:
        // RFC 9110 §8.6: a 204 has no length, and that of a 304 would be of an answer that was not given.
        if (noLength && sameName(name, 'content-length')) continue;
        break;
      case 7:
        if (sameName(name, 'trailer')) {
          const names = chunked ? announcedTrailers(headers[i + 1]!) : undefined;
          if (names !== undefined) text += `${name}: ${names}\r\n`;
          continue;
        }
        break;
    }
    text += `${name}: ${headers[i + 1]}\r\n`;
  }
  if (chunked) text += 'Transfer-Encoding: chunked\r\n';
  if (close) text += 'Connection: close\r\n';
  return { text: `${text}\r\n`, chunked };
}
