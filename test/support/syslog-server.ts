import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A syslog server on a stream socket that keeps what it was sent. */
export class SyslogServer {
  readonly sockets: Socket[] = [];
  text = '';
  readonly #server: Server;

  private constructor(server: Server, reads: boolean) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('error', () => {}); // what was sent counts, not how it ended
      if (reads) this.read(socket);
    });
  }

  /** Begins to read a connection. */
  read(socket: Socket): void {
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
  }

  /** `at`: port, 0 = any free one, or path. `reads`: false = takes connections and never reads. */
  static async start(
    closing: (close: () => unknown) => void,
    { at = 0, reads = true }: { readonly at?: number | string; readonly reads?: boolean } = {},
  ): Promise<SyslogServer> {
    const server = new SyslogServer(createServer(), reads);
    if (typeof at === 'number') server.#server.listen(at, '127.0.0.1');
    else server.#server.listen(at);
    closing(() => server.stop());
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The lines that came, without LF. */
  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  /** Cuts its connections, and takes no more. */
  async stop(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

/** A UDP socket that keeps the datagrams it was sent. */
export async function datagramServer(
  closing: (close: () => unknown) => void,
): Promise<{ readonly port: number; readonly messages: Buffer[]; close(): void }> {
  const socket = createSocket('udp4');
  const messages: Buffer[] = [];
  let open = true;
  const close = (): void => {
    if (open) socket.close();
    open = false;
  };
  closing(close);
  socket.on('message', (message) => messages.push(message));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, messages, close };
}
