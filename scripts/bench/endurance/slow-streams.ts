import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

const LOOK_EVERY_MS = 50;
const PIECE = Buffer.alloc(65_536, 'x');
const LARGE = '/large';
const DONE = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone';

export interface StreamSizes {
  readonly bytes: number;
  /** What the reading end takes; the writing end gives as fast as it can. */
  readonly bytesPerSecond: number;
}

/** Serves large bodies as fast as they are taken (GET of LARGE), takes them slowly (POST), has small ones for the rest. */
export async function startStreamBackend({ bytes, bytesPerSecond }: StreamSizes): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void serve(socket).catch(() => socket.destroy());
  });
  const serve = async (socket: Socket): Promise<void> => {
    for (;;) {
      const head = await readHead(socket);
      if (head.startsWith(`GET ${LARGE} `)) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
        await give(socket, bytes);
      } else {
        if (head.startsWith('POST ')) await takeSlowly(socket, bytes, bytesPerSecond);
        socket.write(DONE);
      }
    }
  };
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A client that reads a large body slowly. Resolves when it has all of it. */
export async function downloadSlowly(port: number, host: string, sizes: StreamSizes): Promise<void> {
  const socket = await connected(port);
  socket.write(`GET ${LARGE} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await expectOk(socket);
  await takeSlowly(socket, sizes.bytes, sizes.bytesPerSecond);
  socket.destroy();
}

/** A client that sends a large body as fast as it is taken. Resolves with the answer, which comes behind all of it. */
export async function upload(port: number, host: string, { bytes }: StreamSizes): Promise<void> {
  const socket = await connected(port);
  socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${bytes}\r\n\r\n`);
  await give(socket, bytes);
  await expectOk(socket);
  socket.destroy();
}

async function connected(port: number): Promise<Socket> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => socket.destroy()); // whoever waits hears of the end
  return socket;
}

async function expectOk(socket: Socket): Promise<void> {
  const head = await readHead(socket);
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`answered: ${head}`);
}

/** Reads up to the end of a head and not one byte further. */
async function readHead(socket: Socket): Promise<string> {
  let head = '';
  while (!head.endsWith('\r\n\r\n')) {
    const byte = socket.read(1) as Buffer | null;
    if (byte === null) await more(socket);
    else head += byte.toString('latin1');
  }
  return head;
}

async function takeSlowly(socket: Socket, bytes: number, bytesPerSecond: number): Promise<void> {
  const beganMs = performance.now();
  let taken = 0;
  while (taken < bytes) {
    const due = Math.min(bytes, ((performance.now() - beganMs) * bytesPerSecond) / 1_000);
    const size = Math.min(Math.floor(due - taken), socket.readableLength);
    if (size > 0) taken += (socket.read(size) as Buffer).length;
    else if (socket.readableLength === 0) await more(socket);
    else await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function give(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= PIECE.length) {
    const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
    if (!socket.write(piece)) await heard(socket, 'drain');
  }
}

/** Resolves when there are bytes to read. */
async function more(socket: Socket): Promise<void> {
  if (socket.readableLength > 0) return;
  socket.read(0); // or nothing more would be read
  await heard(socket, 'readable');
  if (socket.readableLength === 0 && socket.readableEnded) throw new Error('ended before all had come');
}

async function heard(socket: Socket, event: 'drain' | 'readable'): Promise<void> {
  const closed = new AbortController();
  try {
    const options = { signal: closed.signal };
    const gone = once(socket, 'close', options).then(() => {
      throw new Error('closed before all had passed');
    });
    await Promise.race([once(socket, event, options), gone]);
  } finally {
    closed.abort();
  }
}
