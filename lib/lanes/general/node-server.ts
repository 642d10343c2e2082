import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { FrontSettings } from '../lane.ts';

/** How often node looks for heads that take too long, at most. */
const HEAD_CHECK_MS = 1_000;

/** Node's HTTP server, as strict as the contract is. It never listens: it is given connections. */
export function createNodeServer(
  { maxHeaderBytes, idleTimeoutMs, headTimeoutMs }: FrontSettings,
  shouldUpgradeCallback: (req: IncomingMessage) => boolean,
): Server {
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    insecureHTTPParser: false,
    requireHostHeader: false, // a policy decides, with the contract's words
    keepAliveTimeout: idleTimeoutMs,
    keepAliveTimeoutBuffer: 0,
    headersTimeout: headTimeoutMs,
    connectionsCheckingInterval: Math.max(1, Math.min(HEAD_CHECK_MS, headTimeoutMs || HEAD_CHECK_MS)),
    requestTimeout: 0,
    shouldUpgradeCallback,
  });
  server.maxHeadersCount = 0; // unlimited: the policy counts, node would drop the surplus without a word
  // Node begins to look after the time limits of heads when its server listens, which this one never does.
  server.emit('listening');
  return server;
}
