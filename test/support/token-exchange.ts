import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** How a body is delimited. `close` is for responses only. */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close';

/** One exchange of a token: what is sent, what is answered, and what goes wrong. */
export interface TokenExchange {
  readonly token: string;
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly requestFraming: 'none' | 'length' | 'chunked';
  readonly requestSize: number;
  readonly responseFraming: BodyFraming;
  readonly responseSize: number;
  readonly trailers: boolean;
  /** Asks for the connection to be closed. */
  readonly close: boolean;
  /** The backend: answers before it has read the body; breaks off; closes after the answer, with notice or without. */
  readonly backend:
    | 'plain'
    | 'early'
    | 'abort-unread'
    | 'abort-head'
    | 'abort-body'
    | 'notice'
    | 'silent-close';
  /** For all that is random about its bytes. */
  readonly seed: number;
}

export function randomExchange(token: string, random: () => number): TokenExchange {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const size = (): number => {
    const x = random();
    if (x < 0.3) return 0;
    if (x < 0.6) return Math.floor(random() * 300);
    if (x < 0.93) return Math.floor(random() * 40_000);
    if (x < 0.99) return Math.floor(random() * 200_000);
    return Math.floor(random() * 1_048_577);
  };
  const fault = random();
  const backend =
    fault < 0.7
      ? 'plain'
      : pick([
          'early',
          'early',
          'abort-unread',
          'abort-head',
          'abort-body',
          'notice',
          'silent-close',
        ] as const);
  const early = backend === 'early';
  const method = early ? 'POST' : pick(['GET', 'POST', 'POST', 'GET', 'HEAD'] as const);
  const requestFraming = method === 'POST' ? pick(['length', 'chunked'] as const) : 'none';
  return {
    token,
    method,
    requestFraming,
    // An early answer is one only while the body is on its way.
    requestSize: early ? 10_000 + Math.floor(random() * 200_000) : requestFraming === 'none' ? 0 : size(),
    responseFraming: pick(['length', 'length', 'chunked', 'chunked', 'close'] as const),
    responseSize: early ? Math.floor(random() * 300) : size(),
    trailers: random() < 0.5,
    close: random() < 0.03,
    backend,
    seed: Math.floor(random() * 2 ** 32),
  };
}

/** A body that names its token on every line, and looks like the messages around it. */
export function tokenBody(token: string, size: number): Buffer {
  return Buffer.alloc(
    size,
    `${token}\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nGET /t/${token} HTTP/1.1\r\n`,
  );
}

/** A body with its framing, chunks of random sizes, extensions and trailers included. */
export function framed(
  body: Buffer,
  framing: BodyFraming,
  trailer: string | undefined,
  random: () => number,
): Buffer {
  if (framing !== 'chunked') return body;
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, 1 + Math.floor(random() ** 3 * 70_000));
    const extension = random() < 0.2 ? ';a=b' : '';
    pieces.push(Buffer.from(`${size.toString(16)}${extension}\r\n`), body.subarray(at, at + size));
    pieces.push(Buffer.from('\r\n'));
    at += size;
  }
  pieces.push(Buffer.from(trailer === undefined ? '0\r\n\r\n' : `0\r\nX-End: ${trailer}\r\n\r\n`));
  return Buffer.concat(pieces);
}

/** Writes in random pieces, a turn apart; true when all of it was written. Ends early with the socket. */
export async function writeInPieces(socket: Socket, bytes: Buffer, random: () => number): Promise<boolean> {
  const whole = random() < 0.4;
  for (let at = 0; at < bytes.length; ) {
    if (!socket.writable) return false;
    const rest = bytes.length - at;
    const size = whole ? rest : Math.min(rest, 1 + Math.floor(random() ** 4 * 150_000));
    const taken = socket.write(bytes.subarray(at, at + size));
    at += size;
    if (!taken) await drained(socket);
    else if (random() < 0.5) await turn();
  }
  return true;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    if (socket.destroyed) {
      resolve();
      return;
    }
    socket.on('drain', done);
    socket.on('close', done);
  });
}
