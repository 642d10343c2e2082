/** The least that a client has to send of a body it announced. */
export interface BodyRate {
  readonly bytesPerSecond: number;
  /** Over which it is measured, ms: a pause shorter than that is nobody's business. */
  readonly windowMs: number;
  /** The clock, where it is not the machine's: see `everyMs`. */
  readonly clock?: typeof everyMs;
}

/** A client's connection, as far as the pace of its request's body is concerned. */
export interface Uploader {
  readonly socket: { readonly bytesRead: number };
  /** Whether only the client holds a body back: it is not complete, not held back by us, and not answered yet. */
  readonly awaitsBody: boolean;
  /** Since when that is so, and what had been read by then; kept for the guard alone. */
  pace: { readonly since: number; readonly bytes: number } | undefined;
  bodyTooSlow(): void;
}

/** Calls `look` every so many ms with the time as performance.now() has it, until what is returned is called. */
function everyMs(ms: number, look: (now: number) => void): () => void {
  const timer = setInterval(() => look(performance.now()), ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** Looks within a window. */
const LOOKS = 4;

/**
 * Ends requests whose bodies come slower than a given rate. A limit of time would end a large upload over a slow line as
 * well, and a limit between two packets is kept with one byte at a time.
 *
 * One timer for all connections, and nothing at all on the way of the bytes: sockets count what they read anyway.
 */
export class BodyRateGuard {
  readonly #rate: BodyRate;
  readonly #uploaders: () => Iterable<Uploader>;
  readonly #stop: () => void;

  constructor(rate: BodyRate, uploaders: () => Iterable<Uploader>) {
    this.#rate = rate;
    this.#uploaders = uploaders;
    const { windowMs, clock = everyMs } = rate;
    this.#stop = clock(Math.max(1, windowMs / LOOKS), (now) => this.look(now));
  }

  stop(): void {
    this.#stop();
  }

  /** `now` by performance.now(). */
  look(now: number): void {
    const { bytesPerSecond, windowMs } = this.#rate;
    for (const uploader of this.#uploaders()) {
      const { pace } = uploader;
      if (!uploader.awaitsBody) {
        uploader.pace = undefined;
        continue;
      }
      const bytes = uploader.socket.bytesRead;
      if (pace === undefined) {
        uploader.pace = { since: now, bytes };
        continue;
      }
      const elapsed = now - pace.since;
      if (elapsed < windowMs) continue;
      uploader.pace = { since: now, bytes };
      if ((bytes - pace.bytes) * 1_000 < bytesPerSecond * elapsed) uploader.bodyTooSlow();
    }
  }
}
