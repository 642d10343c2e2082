import type { Logger } from '../log/logger.ts';

/** Logs a bug of ours (contract: http.md 2); `host` is that of the request it met, empty when it was none. */
export function logPanic(logger: Logger, host: string, error: unknown): void {
  const stacktrace = error instanceof Error ? (error.stack ?? '') : '';
  logger.error('panic-check', { host, error: String(error), stacktrace });
}
