import type { ServerResponse } from 'node:http';
import type { Answer } from '../../request/answer.ts';
import { sameName } from '../../request/header-names.ts';
import { reasonPhrase } from '../../request/reason-phrase.ts';
import { announcedTrailers } from '../../request/trailers.ts';

/** How the client's connection goes on after an answer. */
export interface Persistence {
  /** Whether this answer must be the last one. */
  readonly close: boolean;
  /** Whether the length of the body is known before it ends, or there is none. */
  readonly delimited: boolean;
}

/** Writes the head of an answer, with our own `Connection` (RFC 9112 §9.3). Throws on a field that cannot be sent. */
export function writeHead(
  res: ServerResponse,
  status: number,
  reason: string,
  headers: readonly string[],
  persistence: Persistence,
): void {
  const flat = lengthLast(headers);
  // Told once that this field is removed, node adds none of its own and no `Keep-Alive`.
  res.removeHeader('connection');
  if (res.req.httpVersionMinor === 0) {
    // TE cannot be meant by HTTP/1.0, though node would take it for leave to send chunks.
    res.useChunkedEncodingByDefault = false;
    res.shouldKeepAlive = res.shouldKeepAlive && persistence.delimited && !persistence.close;
    if (res.shouldKeepAlive) flat.push('Connection', 'keep-alive');
    else if (persistence.close) flat.push('Connection', 'close');
  } else if (persistence.close || !res.shouldKeepAlive) {
    res.shouldKeepAlive = false;
    flat.push('Connection', 'close');
  }
  res.writeHead(status, reason, flat);
}

/** How the body of a proxied answer leaves. */
export interface RelayedFraming {
  readonly noBody: boolean;
  readonly chunked: boolean;
  /** Whether the client can tell a complete body from one that was cut off. */
  readonly delimited: boolean;
}

/** Writes the head of a proxied answer: `headers` from the policy. Throws when they cannot be sent; nothing was written then. */
export function writeRelayedHead(
  res: ServerResponse,
  status: number,
  headers: readonly string[],
  hasLength: boolean,
  close: boolean,
): RelayedFraming {
  const noBody = res.req.method === 'HEAD' || status === 204 || status === 304;
  const chunked = !noBody && !hasLength && res.req.httpVersionMinor !== 0;
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    let value: string | undefined = headers[i + 1]!;
    // RFC 9110 §8.6: a 204 has no length, and that of a 304 would be of an answer that was not given.
    if ((status === 204 || status === 304) && sameName(name, 'content-length')) continue;
    if (sameName(name, 'trailer')) value = chunked ? announcedTrailers(value) : undefined;
    if (value !== undefined) out.push(name, value);
  }
  writeHead(res, status, reasonPhrase(status), out, { close, delimited: noBody || hasLength });
  return { noBody, chunked, delimited: noBody || hasLength || chunked };
}

/** Sends an answer of the router's own. */
export function sendAnswer(res: ServerResponse, answer: Answer, close: boolean): void {
  writeHead(res, answer.status, answer.reason, answer.headers, {
    close: close || answer.close,
    delimited: true,
  });
  // Node leaves the body out where the method or status has none.
  res.end(answer.body, 'latin1');
}

/**
 * The fields with Content-Length behind Content-Disposition. Node writes a Content-Disposition that follows a length
 * as the UTF-8 reading of its latin1 text: bytes change, and some names become a field that it then refuses.
 */
function lengthLast(headers: readonly string[]): string[] {
  const flat = headers.slice();
  let length = -1;
  for (let i = 0; i < flat.length; i += 2) {
    if (sameName(flat[i]!, 'content-length')) length = i;
    else if (length !== -1 && sameName(flat[i]!, 'content-disposition')) {
      flat.push(...flat.splice(length, 2));
      break;
    }
  }
  return flat;
}
