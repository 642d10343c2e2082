import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
} from 'node:http';
import { Duplex } from 'node:stream';
import type { ReadMessage } from './codec-reading.ts';

/** What node's parser makes of a stream of bytes. */
export interface NodeReading {
  readonly messages: readonly ReadMessage[];
  /** Code of the parse error, if it came to one. */
  readonly error: string | undefined;
}

/** A connection without a network: the other side sends `bytes` and is done. */
class CannedConnection extends Duplex {
  #bytes: Buffer | null;

  constructor(bytes: Buffer) {
    super({ allowHalfOpen: true });
    this.#bytes = bytes;
    this.on('error', ignore);
  }

  override _read(): void {
    if (this.#bytes !== null) this.push(this.#bytes);
    this.#bytes = null;
    this.push(null);
  }

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }

  // What node's server and client ask of a socket beside being a stream.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** Reads requests with node's own HTTP server, as the general lane sets it up. */
export class NodeRequestReader {
  readonly #server: Server;
  #reading: { messages: (ReadMessage & { complete: boolean })[]; error: string | undefined } | undefined;

  constructor() {
    this.#server = createServer({
      insecureHTTPParser: false,
      requireHostHeader: false,
      maxHeaderSize: 100_000,
      // What asks for an upgrade that may be made is handed over, so nothing that is compared here is one.
      shouldUpgradeCallback: () => false,
    });
    this.#server.maxHeadersCount = 0;
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
      this.#server.on(event, (req, res) => {
        this.#keep(req, `${req.method} ${req.url}`);
        res.on('error', ignore);
        res.end();
      });
    }
    for (const event of ['connect', 'upgrade'] as const) {
      this.#server.on(event, (req, socket) => {
        this.#keep(req, `${req.method} ${req.url}`);
        socket.destroy();
      });
    }
    this.#server.on('clientError', (error: Error & { code?: string }, socket) => {
      if (this.#reading !== undefined) this.#reading.error ??= error.code ?? error.message;
      // Not at once: the bodies ahead of the error are still on their way through their streams.
      setImmediate(() => socket.destroy());
    });
  }

  async read(bytes: Buffer): Promise<NodeReading> {
    const reading = { messages: [], error: undefined };
    this.#reading = reading;
    const connection = new CannedConnection(bytes);
    await new Promise<void>((resolve) => {
      connection.once('close', resolve);
      this.#server.emit('connection', connection);
    });
    return reading;
  }

  #keep(req: IncomingMessage, start: string): void {
    keep(req, start, this.#reading!.messages);
  }
}

/** Reads the responses to one request with node's own HTTP client, as the general lane sets it up. */
export async function readResponsesWithNode(bytes: Buffer, method: string): Promise<NodeReading> {
  const messages: (ReadMessage & { complete: boolean })[] = [];
  let error: string | undefined;
  const connection = new CannedConnection(bytes);
  await new Promise<void>((resolve) => {
    const request: ClientRequest = httpRequest({
      method,
      createConnection: () => connection,
      insecureHTTPParser: false,
      maxHeaderSize: 100_000,
    });
    request.maxHeadersCount = 0;
    request.on('information', ({ statusCode, rawHeaders }) => {
      messages.push({
        start: String(statusCode),
        headers: rawHeaders,
        body: '',
        trailers: [],
        complete: true,
      });
    });
    request.on('upgrade', (response, socket) => {
      keep(response, String(response.statusCode), messages);
      socket.destroy();
      resolve();
    });
    request.on('response', (response) => {
      keep(response, String(response.statusCode), messages);
      response.on('close', resolve);
    });
    request.on('error', (cause: Error & { code?: string }) => {
      error ??= cause.code ?? cause.message;
      resolve();
    });
    request.end();
  });
  connection.destroy();
  return { messages, error };
}

function keep(
  message: IncomingMessage,
  start: string,
  messages: (ReadMessage & { complete: boolean })[],
): void {
  const kept = {
    start,
    headers: message.rawHeaders,
    body: '',
    trailers: [] as readonly string[],
    complete: false,
  };
  messages.push(kept);
  message.on('error', ignore);
  message.setEncoding('latin1');
  message.on('data', (text: string) => {
    kept.body += text;
  });
  message.on('end', () => {
    kept.trailers = message.rawTrailers;
    kept.complete = message.complete;
  });
}

function ignore(): void {}
