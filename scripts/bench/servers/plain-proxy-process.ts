import { Agent, createServer, type Server } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

/*
 * http-proxy-3 with a keep-alive agent and nothing else, for comparison. Argument: the backend's port. Tells its own
 * port, and ends when whoever started it is gone.
 */

const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const proxy = createProxyServer({ target: `http://127.0.0.1:${process.argv[2]}`, agent });
proxy.on('error', (_error, _request, response) => response.destroy());

const server: Server = createServer((request, response) => {
  void proxy.web(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
process.on('disconnect', () => process.exit(0));
