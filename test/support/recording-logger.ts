import type { LogData, Logger, LogLevel } from '../../lib/log/logger.ts';

export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly data: LogData;
  readonly component: string;
}

/** A Logger that keeps its lines, for tests that assert on them. */
export function recordingLogger(lines: LoggedLine[] = [], component = ''): Logger & { lines: LoggedLine[] } {
  const at =
    (level: LogLevel) =>
    (message: string, data: LogData = {}): void => {
      lines.push({ level, message, data, component });
    };
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    enabled: () => true,
    child: (name) => recordingLogger(lines, component === '' ? name : `${component}.${name}`),
  };
}
