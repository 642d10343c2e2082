import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { ByteQueue } from './byte-queue.ts';
import { seededRandom } from './random.ts';
import { framed, type TokenExchange, tokenBody, writeInPieces } from './token-exchange.ts';

/** What backends have seen of the exchanges, all of them together. */
export interface TokenLedger {
  readonly exchanges: Map<string, TokenExchange>;
  /** How often a whole request came. */
  readonly received: Map<string, number>;
  /** Tokens whose answer was written completely at least once. */
  readonly answered: Set<string>;
  /** Tokens whose answer came whole, as their clients see it. */
  readonly completed: Set<string>;
  /** Tokens whose exchange a backend broke off. */
  readonly broken: Set<string>;
  /** Connections that were closed without notice. */
  silentCloses: number;
  /** What must not be: bytes of one exchange within another. */
  readonly violations: string[];
}

/** A backend that holds each request to its token, and answers as the exchange says. */
export class TokenBackend {
  readonly #server: Server;
  readonly #ledger: TokenLedger;
  readonly #sockets = new Set<Socket>();

  private constructor(ledger: TokenLedger) {
    this.#ledger = ledger;
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#serve(socket).catch(() => socket.destroy());
    });
  }

  static async start(closing: (close: () => unknown) => void, ledger: TokenLedger): Promise<TokenBackend> {
    const backend = new TokenBackend(ledger);
    backend.#server.listen(0, '127.0.0.1');
    closing(() => backend.stop());
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    const queue = new ByteQueue(socket);
    const { exchanges, broken, answered } = this.#ledger;
    for (;;) {
      const head = await queue.head();
      if (head === undefined) return;
      const [, target = ''] = head.startLine.split(' ');
      const token = target.slice('/t/'.length);
      const exchange = exchanges.get(token);
      if (exchange === undefined) {
        this.#violation(`unknown request ${JSON.stringify(head.startLine)}`);
        socket.destroy();
        return;
      }
      if (head.fields.get('x-token') !== token || !head.startLine.startsWith(`${exchange.method} `)) {
        this.#violation(`${token}: head of ${head.fields.get('x-token')}`);
      }
      const random = seededRandom(exchange.seed + 1);
      const { backend } = exchange;
      if (backend === 'abort-unread') {
        broken.add(token);
        socket.resetAndDestroy();
        return;
      }
      const read = queue.body(head.fields, false).then(({ body, trailers }) => {
        this.#received(exchange, body, trailers);
      });
      if (backend === 'early') read.catch(() => {});
      else await read;
      if (!(await this.#answer(socket, exchange, random))) {
        broken.add(token);
        socket.resetAndDestroy();
        return;
      }
      answered.add(token);
      if (backend === 'early') await read;
      if (exchange.responseFraming === 'close' || backend === 'notice' || backend === 'silent-close') {
        // Nor does anything in an answer to HEAD say that its connection ends.
        const { method, responseFraming } = exchange;
        const silent = backend === 'silent-close' || (method === 'HEAD' && responseFraming === 'close');
        if (silent && backend !== 'notice') this.#ledger.silentCloses += 1;
        socket.end();
        return;
      }
    }
  }

  #received(exchange: TokenExchange, body: Buffer, trailers: ReadonlyMap<string, string>): void {
    const { token, requestSize, requestFraming } = exchange;
    this.#ledger.received.set(token, (this.#ledger.received.get(token) ?? 0) + 1);
    if (!body.equals(tokenBody(`q${token}`, requestSize))) {
      this.#violation(`${token}: request body of ${body.length} bytes is not its own of ${requestSize}`);
    }
    if (requestFraming === 'chunked' && exchange.trailers !== (trailers.get('x-end') === token)) {
      this.#violation(`${token}: request trailer ${trailers.get('x-end')}`);
    }
  }

  /** False when it is to be broken off here. */
  async #answer(socket: Socket, exchange: TokenExchange, random: () => number): Promise<boolean> {
    const { token, method, responseFraming, responseSize, trailers, backend } = exchange;
    const framing =
      responseFraming === 'length'
        ? `Content-Length: ${responseSize}\r\n`
        : responseFraming === 'chunked'
          ? 'Transfer-Encoding: chunked\r\n'
          : '';
    const hints = random() < 0.1 ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : '';
    const last = backend === 'notice' ? 'Connection: close\r\n' : '';
    const head = Buffer.from(`${hints}HTTP/1.1 200 OK\r\nX-Token: ${token}\r\n${framing}${last}\r\n`);
    const body =
      method === 'HEAD'
        ? Buffer.alloc(0)
        : framed(tokenBody(`r${token}`, responseSize), responseFraming, trailers ? token : undefined, random);
    const bytes = Buffer.concat([head, body]);
    if (backend === 'abort-head') {
      await writeInPieces(socket, head.subarray(0, Math.floor(random() * head.length)), random);
      return false;
    }
    if (backend === 'abort-body' && body.length > 0) {
      const cut = head.length + Math.floor(random() * body.length);
      await writeInPieces(socket, bytes.subarray(0, cut), random);
      return false;
    }
    return writeInPieces(socket, bytes, random);
  }

  #violation(text: string): void {
    this.#ledger.violations.push(text);
  }
}

export function emptyLedger(): TokenLedger {
  return {
    exchanges: new Map(),
    received: new Map(),
    answered: new Set(),
    completed: new Set(),
    broken: new Set(),
    silentCloses: 0,
    violations: [],
  };
}
