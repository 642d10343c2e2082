import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

/** Whom to call: `https://host:port`, and how to know it and be known to it. */
export interface Peer {
  readonly origin: string;
  readonly tls: ConnectionOptions;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** For the head of the answer to come. */
  readonly withinMs: number;
}

/** The answer had another status than 200. */
export class StatusError extends Error {
  readonly status: number;

  constructor(peer: Peer, call: Call, status: number, text: string) {
    const said = text.trim().slice(0, 200);
    super(`${call.method} ${peer.origin}${call.path} answered ${status}${said === '' ? '' : `: ${said}`}`);
    this.name = 'StatusError';
    this.status = status;
  }
}

const MOST_OF_ERROR = 4096;

/**
 * Makes a call on a connection of its own. Resolves with an answer of status 200 when its head is there; rejects with
 * StatusError for any other, and when there is none in time. Redirects are not followed: the call carries a secret.
 */
export async function open(peer: Peer, call: Call): Promise<IncomingMessage> {
  const response = await respond(peer, call);
  if (response.statusCode === 200) return response;
  const text = await readText(response, MOST_OF_ERROR, call.signal).catch(() => '');
  response.destroy();
  throw new StatusError(peer, call, response.statusCode ?? 0, text);
}

function respond(
  peer: Peer,
  { method, path, headers, body, signal, withinMs }: Call,
): Promise<IncomingMessage> {
  const url = new URL(peer.origin);
  const request = url.protocol === 'https:' ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(withinMs);
    const tooLate = (): void => {
      outgoing.destroy(new Error(`${peer.origin} did not answer within ${withinMs} ms`));
    };
    const outgoing = request(
      {
        ...peer.tls,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        method,
        path,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
        agent: false,
        signal,
      },
      (response) => {
        late.removeEventListener('abort', tooLate);
        // Told to whoever reads; nobody may.
        response.on('error', () => {});
        resolve(response);
      },
    );
    late.addEventListener('abort', tooLate, { once: true });
    outgoing.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    outgoing.on('error', (error) => {
      late.removeEventListener('abort', tooLate);
      reject(error);
    });
    outgoing.end(body);
  });
}

/** An event stream may be silent for hours: only so is a peer noticed that is gone without a word. */
const KEEP_ALIVE_MS = 15_000;

/** The body as text. Rejects when it is larger than `most` bytes, or does not end well. */
export async function readText(
  response: IncomingMessage,
  most: number,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const abort = (): void => {
    response.destroy(new Error('given up'));
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > most) throw new RangeError(`the answer is larger than ${most} bytes`);
      chunks.push(chunk);
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return Buffer.concat(chunks).toString('utf8');
}
