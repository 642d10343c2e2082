import type { LogData, LogLevel } from '../log/logger.ts';
import type { Hash64 } from './fnv1a.ts';
import type { Picker } from './picker.ts';

/** What one request on a hashed route takes along from attempt to attempt. */
export interface HashWalk {
  /** Of the header's value; undefined when there is none to hash, and `fallback` serves. */
  readonly hash: Hash64 | undefined;
  /** The router's own algorithm. */
  readonly fallback: Picker;
  /** Host of the route, for the log. */
  readonly host: string;
  /** Takes what an operator may want to know of a choice. */
  readonly note: (level: LogLevel, message: string, data: LogData) => void;
  /** Slot of the attempt before. */
  slot: number | undefined;
}
