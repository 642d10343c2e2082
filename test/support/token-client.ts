import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { ByteQueue } from './byte-queue.ts';
import type { TokenLedger } from './token-backend.ts';
import { framed, randomExchange, type TokenExchange, tokenBody, writeInPieces } from './token-exchange.ts';

/** What came of the exchanges, in numbers. */
export interface TokenTally {
  sent: number;
  complete: number;
  badGateways: number;
  cut: number;
  unanswered: number;
  abandoned: number;
}

export interface TokenClientOptions {
  readonly port: number;
  /** Speak TLS, and what to send ahead of it. */
  readonly tls?: { readonly first: Buffer };
  readonly hosts: readonly string[];
  readonly name: string;
  readonly exchanges: number;
  readonly random: () => number;
  readonly ledger: TokenLedger;
  readonly tally: TokenTally;
}

/** A client that has its exchanges done on one connection after the other, pipelined or not. */
export async function runTokenClient(options: TokenClientOptions): Promise<void> {
  const { name, exchanges, random, ledger, tally } = options;
  for (let done = 0; done < exchanges; ) {
    const count = Math.min(exchanges - done, random() < 0.4 ? 1 : 1 + Math.floor(random() * 12));
    const batch = Array.from({ length: count }, (_, i) => randomExchange(`${name}-${done + i}`, random));
    for (const exchange of batch) ledger.exchanges.set(exchange.token, exchange);
    tally.sent += count;
    await runConnection(options, batch);
    done += count;
  }
}

async function runConnection(
  { port, tls, hosts, random, ledger, tally }: TokenClientOptions,
  batch: readonly TokenExchange[],
): Promise<void> {
  const tcp = connect({ port, host: '127.0.0.1', noDelay: true });
  tcp.on('error', () => {});
  await once(tcp, 'connect');
  const socket = tls === undefined ? tcp : await secured(tcp, tls.first);
  const queue = new ByteQueue(socket);
  const pipelined = random() < 0.6;
  const abort = random() < 0.12 ? Math.floor(random() * 40) : undefined;
  const slow = random() < 0.1;
  let gone = false;
  const leave = async (): Promise<void> => {
    await pause(abort ?? 0);
    gone = true;
    if (random() < 0.5) tcp.resetAndDestroy();
    else socket.destroy();
  };
  const leaving = abort === undefined ? undefined : leave();
  const requests = batch.map((exchange) =>
    requestBytes(exchange, hosts[Math.floor(random() * hosts.length)]!, random),
  );
  let writing: Promise<unknown> = Promise.resolve();
  if (pipelined) writing = writeInPieces(socket, Buffer.concat(requests), random);

  let answered = 0;
  for (const [i, exchange] of batch.entries()) {
    // The one before may have been answered early, and still be on its way.
    if (!pipelined) writing = writing.then(() => writeInPieces(socket, requests[i]!, random));
    if (slow) {
      socket.pause();
      await pause(random() * 60);
      socket.resume();
    }
    const more = await readAnswer(queue, exchange, ledger, tally);
    if (more !== 'none') answered += 1;
    if (more !== 'next') break;
    if (exchange.close) ledger.violations.push(`${exchange.token}: its connection goes on`);
  }
  if (gone) tally.abandoned += batch.length - answered;
  else tally.unanswered += batch.length - answered;
  socket.destroy();
  await writing;
  await leaving;
}

function requestBytes(exchange: TokenExchange, host: string, random: () => number): Buffer {
  const { token, method, requestFraming, requestSize, trailers, close } = exchange;
  const framing =
    requestFraming === 'length'
      ? `Content-Length: ${requestSize}\r\n`
      : requestFraming === 'chunked'
        ? 'Transfer-Encoding: chunked\r\n'
        : '';
  const last = close ? 'Connection: close\r\n' : '';
  const head = `${method} /t/${token} HTTP/1.1\r\nHost: ${host}\r\nX-Token: ${token}\r\n${framing}${last}\r\n`;
  const body = tokenBody(`q${token}`, requestSize);
  const content = framed(body, requestFraming, trailers ? token : undefined, random);
  return Buffer.concat([Buffer.from(head), content]);
}

/** Holds an answer to its token. `last`: no other will come; `none`: none came. */
async function secured(tcp: Socket, first: Buffer): Promise<Socket> {
  if (first.length > 0) tcp.write(first);
  const socket = connectTls({ socket: tcp, rejectUnauthorized: false });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

async function readAnswer(
  queue: ByteQueue,
  exchange: TokenExchange,
  ledger: TokenLedger,
  tally: TokenTally,
): Promise<'next' | 'last' | 'none'> {
  const { token, method } = exchange;
  const { violations, broken, completed } = ledger;
  try {
    let head = await queue.head();
    while (head?.startLine.startsWith('HTTP/1.1 103')) head = await queue.head();
    if (head === undefined) return 'none';
    const { startLine, fields } = head;
    const last = fields.get('connection') === 'close';
    const { body, trailers } =
      method === 'HEAD'
        ? { body: Buffer.alloc(0), trailers: new Map<string, string>() }
        : await queue.body(fields, true);
    if (startLine.startsWith('HTTP/1.1 502 ')) {
      // The one thing that may go wrong without a backend's breaking this exchange off is a connection that it closed.
      if (!broken.has(token) && ledger.silentCloses === 0) violations.push(`${token}: 502 for nothing`);
      if (fields.has('x-token')) violations.push(`${token}: 502 with a token`);
      tally.badGateways += 1;
      return last ? 'last' : 'next';
    }
    if (!startLine.startsWith('HTTP/1.1 200 ')) violations.push(`${token}: ${startLine}`);
    if (fields.get('x-token') !== token) violations.push(`${token}: answer of ${fields.get('x-token')}`);
    completed.add(token);
    if (method !== 'HEAD') {
      if (!body.equals(tokenBody(`r${token}`, exchange.responseSize))) {
        violations.push(
          `${token}: answer of ${body.length} bytes is not its own of ${exchange.responseSize}`,
        );
      }
      const wanted = exchange.responseFraming === 'chunked' && exchange.trailers ? token : undefined;
      if (trailers.get('x-end') !== wanted) violations.push(`${token}: trailer ${trailers.get('x-end')}`);
    }
    tally.complete += 1;
    return last ? 'last' : 'next';
  } catch {
    tally.cut += 1;
    return 'last';
  }
}

export function emptyTally(): TokenTally {
  return { sent: 0, complete: 0, badGateways: 0, cut: 0, unanswered: 0, abandoned: 0 };
}
