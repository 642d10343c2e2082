import { createServer } from 'node:net';

/*
 * The cheapest backend that JavaScript gives: it knows GET and nothing else, and answers from ready-made buffers,
 * so that the load generator beside it on the same core is not starved. `/16k` and `/1m` have large bodies.
 * Prints its port, and ends when whoever started it is gone.
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

const server = createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.on('data', (bytes: Buffer) => {
    rest += bytes.toString('latin1');
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      socket.write(BY_FIRST_LETTERS[rest.slice(0, 8)] ?? SMALL);
      rest = rest.slice(end + 4);
    }
  });
  socket.on('error', () => socket.destroy()); // a proxy that was ended
});

// On all addresses: the routes of a bench name many of 127.0.0.0/8, so that endpoints differ as real ones do.
server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
process.on('disconnect', () => process.exit(0));
