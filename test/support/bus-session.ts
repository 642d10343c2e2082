import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

/** A client of a bus that speaks in bytes. Texts are latin1. */
export class BusSession {
  readonly socket: Socket;
  /** All that came, but for the INFO line and the pings, which a server sends when it likes. */
  get text(): string {
    return this.#received.replace(/^INFO [^\n]*\n/, '').replaceAll('PING\r\n', '');
  }
  closed = false;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
    });
    // A server that cuts us with bytes of ours unread resets the connection.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Connected, and greeted by the server. */
  static async open(port: number, closing: (close: () => unknown) => void): Promise<BusSession> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    closing(() => socket.destroy());
    const session = new BusSession(socket);
    await once(socket, 'connect');
    await until(() => session.#received.includes('\n'), 'the greeting of the bus');
    return session;
  }

  get info(): Record<string, unknown> {
    return JSON.parse(this.#received.slice('INFO '.length, this.#received.indexOf('\n'))) as Record<
      string,
      unknown
    >;
  }

  get pinged(): boolean {
    return this.#received.includes('PING\r\n');
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  async sendSplit(bytes: string): Promise<void> {
    for (const byte of bytes) {
      await new Promise((resolve) => this.socket.write(byte, 'latin1', resolve));
      await new Promise(setImmediate);
    }
  }

  /** Resolves when exactly that came, with `errorsOnce` counting repeated errors once; rejects with what came instead. */
  async expect(text: string, { errorsOnce = false }: { readonly errorsOnce?: boolean } = {}): Promise<void> {
    const got = () => (errorsOnce ? this.text.replace(/(-ERR [^\r]*\r\n)\1+/g, '$1') : this.text);
    const come = () => got() === text || (!errorsOnce && got().length > text.length);
    await until(come, 'the answer', 3000).catch(() => {});
    if (got() !== text) throw new Error(`expected ${JSON.stringify(text)}, got ${JSON.stringify(this.text)}`);
  }
}
