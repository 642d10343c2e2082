import { createServer } from 'node:http';
import { connect, JSONCodec, type NatsConnection } from 'nats';
import { WebSocketServer } from 'ws';
import type { FromBackend, ToBackend } from './backend-messages.ts';
import type { BackendRole } from './cast.ts';

// One backend of the demo: answers HTTP with a line about itself, echoes WebSocket messages, and registers over
// NATS as any client would. Nothing here knows the router's code.

const REGISTER_EVERY_MS = 20_000;

const role = JSON.parse(process.argv[2] ?? '') as BackendRole;
const port = Number(process.argv[3]);
const me = `${role.name} (pid ${process.pid}, port ${port})`;

const tell = (message: FromBackend): void => {
  if (process.connected) process.send?.(message);
};

const server = createServer((request, response) => {
  const line = `${me} answers ${request.method} ${request.headers.host}${request.url}\n`;
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(line) });
  response.end(request.method === 'HEAD' ? undefined : line);
});

new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('error', () => {}); // a peer that breaks the protocol is cut off; that is all there is to do
  socket.send(`connected to ${me}`);
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

async function keepRegistered(natsUrl: string): Promise<void> {
  const bus = await connect({
    servers: natsUrl,
    name: role.name,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
  });
  const register = (): void => publishRegistration(bus);
  bus.subscribe('router.start', { callback: register });
  setInterval(register, REGISTER_EVERY_MS);
  register();
  await bus.flush();
  tell({ type: 'registered' });
}

function publishRegistration(bus: NatsConnection): void {
  if (bus.isClosed()) return;
  const message = {
    host: '127.0.0.1',
    port,
    uris: role.uris,
    app: role.app,
    private_instance_id: role.name,
    private_instance_index: String(role.index),
    tags: { component: 'demo' },
  };
  bus.publish('router.register', JSONCodec().encode(message));
}

process.on('message', (message: ToBackend) => {
  keepRegistered(message.natsUrl).catch((error: Error) => tell({ type: 'failed', message: error.message }));
});
// However the demo ended, its backends end with it. They do not unregister: the next run restores their routes.
process.once('disconnect', () => process.exit(0));

server.once('error', (error) => {
  tell({ type: 'failed', message: error.message });
  process.exitCode = 1;
  process.disconnect?.();
});
server.listen(port, '127.0.0.1', () => tell({ type: 'listening' }));
