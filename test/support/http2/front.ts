import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import type { RunningLane } from '../lane-fixture.ts';

/** A port on which the lane is given every connection as one that agreed on HTTP/2. Without TLS: that is not its part. */
export async function http2Port(lane: RunningLane, closing: (close: () => unknown) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => lane.takeOver(socket, 'h2'));
  closing(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A session of node's client, with room for many bodies at once. */
export async function http2Client(
  port: number,
  closing: (close: () => unknown) => void,
): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${port}`, { maxSessionMemory: 1_000 });
  closing(() => session.destroy());
  session.on('error', () => {}); // `close` follows
  await once(session, 'remoteSettings');
  return session;
}
