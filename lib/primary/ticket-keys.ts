import { randomBytes } from 'node:crypto';

const KEY_BYTES = 48;
/** Whoever learns a key can read what was said under it: the less the better (RFC 5077 §5.5). */
const EVERY_MS = 3_600_000;
/** With those before it, so that a ticket lives for two hours at least. */
const KEPT = 3;

/** Owner of the keys of session tickets: makes a new one now and then, and tells all of them, the newest first. */
export class TicketKeys {
  readonly #tell: (keys: readonly string[]) => void;
  #keys: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `tell` is given base64 of 48 bytes for each key. */
  constructor(tell: (keys: readonly string[]) => void) {
    this.#tell = tell;
  }

  start(): void {
    this.rotate();
    this.#timer ??= setInterval(() => this.rotate(), EVERY_MS);
    this.#timer.unref();
  }

  rotate(): void {
    this.#keys = [randomBytes(KEY_BYTES).toString('base64'), ...this.#keys].slice(0, KEPT);
    this.#tell(this.#keys);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
