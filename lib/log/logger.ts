/** Facts of one log line. Errors are given as text or Error under `error`. */
export type LogData = Readonly<Record<string, unknown>>;

/** gorouter's levels: 0 debug, 1 info, 2 warn, 3 error. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The operational log as everyone sees it: a constant message and facts in `data` (operations.md 5).
 * `child('nats')` appends `.nats` to the line's `source`.
 */
export interface Logger {
  debug(message: string, data?: LogData): void;
  info(message: string, data?: LogData): void;
  warn(message: string, data?: LogData): void;
  error(message: string, data?: LogData): void;
  child(component: string): Logger;
  /** Whether a line of that level would be written: ask before building costly data. */
  enabled(level: LogLevel): boolean;
}
