import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';

/*
 * @fastify/http-proxy as its README begins, for comparison; its connections to the backend are kept by default.
 * Argument: the backend's port. Tells its own port, and ends when whoever started it is gone.
 */

const server = fastify();
await server.register(httpProxy, { upstream: `http://127.0.0.1:${process.argv[2]}` });
const address = await server.listen({ port: 0, host: '127.0.0.1' });
process.send?.(Number(new URL(address).port));
process.on('disconnect', () => process.exit(0));
