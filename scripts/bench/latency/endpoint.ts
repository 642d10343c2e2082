import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nxxxxxxxxxxxxx',
  'latin1',
);
const CR = 13;
const LF = 10;

/** The endpoint of all proxies: answers GETs. Resolves with its port. */
export async function listen(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    const ends = headEnds();
    socket.on('data', (bytes: Buffer) => {
      for (let heads = ends(bytes); heads > 0; heads -= 1) socket.write(ANSWER);
    });
    socket.on('error', () => socket.destroy()); // a proxy that was ended
  });
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Counts the heads that end in each piece of a connection, however it was cut. */
export function headEnds(): (bytes: Uint8Array) => number {
  let matched = 0; // of CR LF CR LF
  return (bytes) => {
    let ends = 0;
    for (const byte of bytes) {
      if (byte === (matched % 2 === 0 ? CR : LF)) matched += 1;
      else matched = byte === CR ? 1 : 0;
      if (matched === 4) {
        ends += 1;
        matched = 0;
      }
    }
    return ends;
  };
}
