import type { Config } from '../config/schema.ts';
import type { Logger } from '../log/logger.ts';
import type { DebugServer, DebugSources } from '../status/debug-server.ts';

/** The debug server where one is configured. One that cannot listen is said, and keeps nobody from starting. */
export async function startDebugServer(
  config: Config,
  logger: Logger,
  sources: DebugSources,
): Promise<DebugServer | undefined> {
  if (config.debug_addr === '') return undefined;
  try {
    const { DebugServer } = await import('../status/debug-server.ts');
    const server = new DebugServer(config.debug_addr, sources, logger.child('debug'));
    logger.info('debug-server-listening', { ...(await server.start()) });
    return server;
  } catch (error) {
    logger.error('failed-to-start-debug-server', {
      error: error instanceof Error ? error.message : String(error),
    });
    return undefined;
  }
}
