import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { FromIdleClients, ToIdleClients } from './idle-clients-messages.ts';

/* Clients that ask once, keep their connection and say no more. Ends when whoever started it is gone. */

const AT_ONCE = 100;

let sockets: Socket[] = [];

const tell = (message: FromIdleClients): void => {
  process.send?.(message);
};

async function askOnce(port: number, host: string): Promise<Socket> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer]; // rejects with the error of a socket
  if (!answer.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(`answered: ${answer}`);
  socket.resume(); // the rest of the answer, if there is any
  return socket;
}

process.on('message', async (message: ToIdleClients) => {
  if (message.type === 'close') {
    const gone = sockets.map((socket) => once(socket.destroy(), 'close'));
    sockets = [];
    await Promise.all(gone);
    tell({ type: 'closed' });
    return;
  }
  const { port, host, count } = message;
  try {
    while (sockets.length < count) {
      const some = Math.min(AT_ONCE, count - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: some }, () => askOnce(port, host)))));
    }
    const open = sockets.filter((socket) => !socket.destroyed && !socket.readableEnded);
    tell({ type: 'open', connections: open.length });
  } catch (error) {
    tell({ type: 'failed', message: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
