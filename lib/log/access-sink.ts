/** Where access log lines go. None of it ever holds up a request. */
export interface AccessSink {
  /** Lines that were not written and never will be. */
  readonly dropped: number;
  /** Ready for lines. Rejects when it never will be. */
  open(): Promise<void>;
  /** `line` without LF. Returns at once, and never throws. */
  append(line: string): void;
  /** Goes on in a new file, where there is one. */
  reopen(): Promise<void>;
  /** Writes what is left, for at most `timeoutMs`. May be called twice; lines that come later count as dropped. */
  close(timeoutMs?: number): Promise<void>;
}

/** Several places for the same lines. */
export class AccessSinks implements AccessSink {
  readonly #sinks: readonly AccessSink[];

  constructor(sinks: readonly AccessSink[]) {
    this.#sinks = sinks;
  }

  get dropped(): number {
    return this.#sinks.reduce((sum, sink) => sum + sink.dropped, 0);
  }

  async open(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.open()));
  }

  append(line: string): void {
    for (const sink of this.#sinks) sink.append(line);
  }

  async reopen(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.reopen()));
  }

  async close(timeoutMs?: number): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close(timeoutMs)));
  }
}
