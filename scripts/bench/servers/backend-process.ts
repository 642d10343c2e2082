import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/*
 * The cheapest backend that JavaScript gives: it knows GET and POST with a chunked body and nothing else, and answers
 * from ready-made buffers, so that the load generator beside it on the same core is not starved. `/16k` and `/1m` have
 * large bodies. With two arguments, files with a certificate and its key, it listens for TLS as well. Tells its ports,
 * and ends when whoever started it is gone.
 */

const answer = (bytes: number): Buffer => {
  const body = 'x'.repeat(bytes);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${bytes}\r\n\r\n${body}`,
    'latin1',
  );
};

const SMALL = answer(13);
const BY_FIRST_LETTERS: Readonly<Record<string, Buffer>> = {
  'GET /16k': answer(16_384),
  'GET /1m ': answer(1_048_576),
};

const [certFile, keyFile] = process.argv.slice(2);
const servers: Server[] = [createServer({ noDelay: true }, serve)];
if (certFile !== undefined && keyFile !== undefined) {
  const options = { cert: readFileSync(certFile), key: readFileSync(keyFile), noDelay: true };
  servers.push(createTlsServer(options, serve));
}

function serve(socket: Socket): void {
  let rest = '';
  socket.on('data', (bytes: Buffer) => {
    rest += bytes.toString('latin1');
    for (let end = requestEnd(rest); end > 0; end = requestEnd(rest)) {
      socket.write(BY_FIRST_LETTERS[rest.slice(0, 8)] ?? SMALL);
      rest = rest.slice(end);
    }
  });
  socket.on('error', () => socket.destroy()); // a proxy that was ended
}

/** 0 = there is no whole request yet. */
function requestEnd(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0 || !text.startsWith('POST')) return headEnd + 4 * Math.sign(headEnd + 1);
  const bodyEnd = text.indexOf('\r\n0\r\n\r\n', headEnd);
  return bodyEnd < 0 ? 0 : bodyEnd + 7;
}

const ports: number[] = [];
for (const [index, server] of servers.entries()) {
  // On all addresses: the routes of a bench name many of 127.0.0.0/8, so that endpoints differ as real ones do.
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => {
    ports[index] = (server.address() as AddressInfo).port;
    if (Object.keys(ports).length === servers.length) process.send?.(ports);
  });
}
process.on('disconnect', () => process.exit(0));
