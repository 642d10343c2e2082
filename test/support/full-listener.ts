import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const SCRIPT = `
const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));
`;
/** Enough to fill the kernel's queue, which holds one more than the backlog. */
const FILLERS = 8;
const QUEUE = 2;

/** A port where connecting takes for ever: its process is halted, and its queue of connections full. */
export async function fullListener(closing: (close: () => unknown) => void): Promise<number> {
  const child = spawn(process.execPath, ['-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing(async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(output.toString());
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  closing(() => {
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => {
    let connected = 0;
    for (let i = 0; i < FILLERS; i += 1) {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => {}); // when the process ends
      socket.on('connect', () => {
        connected += 1;
        if (connected === QUEUE) resolve();
      });
      sockets.push(socket);
    }
  });
  return port;
}
