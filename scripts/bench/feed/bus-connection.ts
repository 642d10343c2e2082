import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** A publisher on the bus. NATS' own client is left out so that its cost is not part of what is measured. */
export class BusConnection {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      if (text.includes('PING')) socket.write('PONG\r\n');
      if (text.includes('-ERR')) socket.destroy(new Error(`the bus refused: ${text}`));
    });
  }

  static async connect(port: number): Promise<BusConnection> {
    const socket = createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
    return new BusConnection(socket);
  }

  publish(subject: string, payload: string): void {
    this.#socket.write(`PUB ${subject} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
  }

  /** All messages at once, in one write. */
  publishAll(subject: string, payloads: readonly string[]): void {
    if (payloads.length === 0) return;
    const frames = payloads.map(
      (payload) => `PUB ${subject} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`,
    );
    this.#socket.write(frames.join(''));
  }

  close(): void {
    this.#socket.destroy();
  }
}
