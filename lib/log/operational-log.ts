import { pino } from 'pino';
import { preciseNowMs } from '../clock.ts';
import { RouterError } from '../errors.ts';
import { errorText } from './error-text.ts';
import { LineWriter } from './line-writer.ts';
import type { LogData, Logger, LogLevel } from './logger.ts';
import { rfc3339Nano } from './timestamp.ts';

export interface OperationalLogOptions {
  /** `logging.level`: a name of LEVEL_NAMES in any case; empty = info. */
  readonly level: string;
  /** `logging.format.timestamp`. */
  readonly timestamp: 'unix-epoch' | 'rfc3339';
  /** `logging.syslog`: what `source` begins with; empty = `gorouter.stdout`. */
  readonly prefix: string;
  /** Takes whole lines, LF included; stdout when absent. */
  readonly destination?: { write(line: string): void };
  /** Unix ms with fraction. */
  readonly now?: () => number;
}

/** What `logging.level` may be, any case (operations.md 3). */
export const LEVEL_NAMES = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const;

/** Where `logging.syslog` is not given. */
export const DEFAULT_SOURCE = 'gorouter.stdout';
const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** gorouter's number of the lowest level that is written; above 3 = none. Throws on an unknown name. */
export function levelThreshold(name: string): number {
  const lower = name.toLowerCase();
  if (lower === '') return RANK.info;
  const index = (LEVEL_NAMES as readonly string[]).indexOf(lower);
  if (index !== -1) return index;
  throw new RouterError(
    'CONFIG_INVALID',
    `logging.level: ${JSON.stringify(name)} is not a level; allowed are ${LEVEL_NAMES.join(', ')}`,
  );
}

/**
 * The operational log: one JSON object a line in gorouter's shape and field order (operations.md 5), written to
 * stdout before the call returns. Throws CONFIG_INVALID on an unknown level, and never afterwards.
 */
export function createLogger(options: OperationalLogOptions): RootLogger {
  const gate: Gate = {
    threshold: levelThreshold(options.level),
    linesLost: () => writer?.lostInAll ?? 0,
    flushed: async () => writer?.flushed(),
  };
  const now = options.now ?? preciseNowMs;
  const source = options.prefix === '' ? DEFAULT_SOURCE : options.prefix;
  const writer =
    options.destination === undefined
      ? new LineWriter({ onRecovered: (lost) => logger.warn('operational-log-lines-lost', { lost }) })
      : undefined;
  const sink = pino(
    {
      // The gate decides: pino's own level would have to be changed with it.
      level: 'debug',
      base: null,
      // gorouter gives a JSON number its shortest form, as String() does.
      timestamp:
        options.timestamp === 'rfc3339'
          ? () => `,"timestamp":"${rfc3339Nano(now())}"`
          : () => `,"timestamp":${now() / 1000}`,
      formatters: { level: (label) => ({ log_level: RANK[label as LogLevel] ?? 3 }) },
      messageKey: 'message',
    },
    options.destination ?? writer,
  );
  // pino puts its own message last and bindings before it; `message`, `source`, `data` have to come in that
  // order, so they are given as one object.
  const write: Write = (level, line) => sink[level](line);
  const logger = new OperationalLogger(write, gate, source);
  return logger;
}

/** The logger whose level is that of all its children. */
export interface RootLogger extends Logger {
  /** As `logging.level`; from the next line on. Throws CONFIG_INVALID on an unknown name, and changes nothing then. */
  setLevel(name: string): void;
  /** Since the start, because nobody read them in time. */
  readonly linesLost: number;
  /** Resolves when all lines are out, or after 250 ms without a reader. To be awaited before the process ends. */
  flushed(): Promise<void>;
}

/** What lines have to pass: shared by a logger and all its children. */
interface Gate {
  threshold: number;
  readonly linesLost: () => number;
  readonly flushed: () => Promise<void>;
}

interface Line {
  readonly message: string;
  readonly source: string;
  readonly data: LogData;
}

type Write = (level: LogLevel, line: Line) => void;
type Log = (message: string, data?: LogData) => void;

class OperationalLogger implements RootLogger {
  readonly debug: Log;
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
  readonly #write: Write;
  readonly #gate: Gate;
  readonly #source: string;

  constructor(write: Write, gate: Gate, source: string) {
    this.#write = write;
    this.#gate = gate;
    this.#source = source;
    this.debug = this.#at('debug');
    this.info = this.#at('info');
    this.warn = this.#at('warn');
    this.error = this.#at('error');
  }

  child(component: string): Logger {
    return new OperationalLogger(this.#write, this.#gate, `${this.#source}.${component}`);
  }

  enabled(level: LogLevel): boolean {
    return RANK[level] >= this.#gate.threshold;
  }

  get linesLost(): number {
    return this.#gate.linesLost();
  }

  flushed(): Promise<void> {
    return this.#gate.flushed();
  }

  setLevel(name: string): void {
    this.#gate.threshold = levelThreshold(name);
  }

  #at(level: LogLevel): Log {
    const rank = RANK[level];
    const gate = this.#gate;
    const source = this.#source;
    const write = this.#write;
    return (message, data) => {
      if (rank >= gate.threshold) write(level, { message, source, data: withErrorsAsText(data) });
    };
  }
}

const NO_DATA: LogData = Object.freeze({});

function withErrorsAsText(data: LogData | undefined): LogData {
  if (data === undefined) return NO_DATA;
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(data)) {
    const value = data[name];
    if (!(value instanceof Error)) continue;
    copy ??= { ...data };
    copy[name] = errorText(value);
  }
  return copy ?? data;
}
