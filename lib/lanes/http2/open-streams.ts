import type { ClientStream } from './client-stream.ts';

/** The streams of one connection that are not over, and how far its peer has come with opening them. */
export class OpenStreams {
  readonly #open = new Map<number, ClientStream>();
  #last = 0;

  /** The highest that the peer opened; 0 = none. */
  get last(): number {
    return this.#last;
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): ClientStream | undefined {
    return this.#open.get(id);
  }

  /** As they are now: some may end while they are walked through. */
  all(): ClientStream[] {
    return [...this.#open.values()];
  }

  /** The peer opens a stream. False when it has opened that one, or a higher one, before (RFC 9113 §5.1.1). */
  opens(id: number): boolean {
    if (id <= this.#last) return false;
    this.#last = id;
    return true;
  }

  add(stream: ClientStream): void {
    this.#open.set(stream.id, stream);
  }

  delete(stream: ClientStream): void {
    this.#open.delete(stream.id);
  }

  /** Ends all: the peer hears nothing more. */
  abandon(): void {
    for (const stream of this.all()) stream.gone();
    this.#open.clear();
  }
}
