import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';

/** An answer over HTTP/2, whole or cut. */
export interface Http2Answer {
  /** Name, value, ...: as received, `:status` first. */
  readonly fields: readonly string[];
  readonly status: number;
  readonly body: Buffer;
  /** Name, value, ... */
  readonly trailers: readonly string[];
  /** Interim answers before it. */
  readonly interim: readonly (readonly string[])[];
  /** 0 = the stream ended as it should. */
  readonly rstCode: number;
}

/** Sends a request, its body and its trailers, and reads the answer to the end of the stream. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string | Buffer,
  trailers?: OutgoingHttpHeaders,
): Promise<Http2Answer> {
  const stream = session.request(
    { ':authority': 'a.example.com', ':path': '/', ...headers },
    { endStream: body === undefined && trailers === undefined, waitForTrailers: trailers !== undefined },
  );
  if (trailers !== undefined) stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  if (body !== undefined || trailers !== undefined) stream.end(body);
  return answerOf(stream);
}

export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve) => {
    let fields: readonly string[] = [];
    let trailers: readonly string[] = [];
    const interim: (readonly string[])[] = [];
    const chunks: Buffer[] = [];
    stream.on('response', (_fields, _flags, ...[raw = []]: [raw?: string[]]) => {
      fields = raw;
    });
    stream.on('headers', (_fields, _flags, ...[raw = []]: [raw?: string[]]) => interim.push(raw));
    stream.on('trailers', (_fields, _flags, ...[raw = []]: [raw?: string[]]) => {
      trailers = raw;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => {}); // told by rstCode
    stream.on('close', () =>
      resolve({
        fields,
        status: Number(fields[1] ?? 0),
        body: Buffer.concat(chunks),
        trailers,
        interim,
        rstCode: stream.rstCode ?? 0,
      }),
    );
  });
}

/** A field's value, undefined when it is absent. */
export function field(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}
