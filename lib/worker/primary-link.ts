import type { ToPrimary, ToWorker } from '../ipc/messages.ts';

/** Messages on their way to a primary that does not read; beyond them those that can be spared are. */
const MAX_WAITING = 64;

/** Said again in other words by the next of its kind: figures are sums, and an endpoint goes on failing. */
const SPARABLE: ReadonlySet<ToPrimary['type']> = new Set(['stats', 'endpoint-failed']);

/**
 * A worker's end of its channel to the primary. A primary that is stuck or gone is none of the requests' business:
 * nothing here throws, and what waits for it is bounded.
 */
export class PrimaryLink {
  #waiting = 0;

  /** Whether the primary's end is open. */
  get open(): boolean {
    return process.connected;
  }

  /** False when the message was not sent, and will not be. */
  send(message: ToPrimary): boolean {
    if (!process.connected) return false;
    if (this.#waiting >= MAX_WAITING && SPARABLE.has(message.type)) return false;
    this.#waiting += 1;
    process.send?.(message, undefined, undefined, () => {
      this.#waiting -= 1;
    });
    return true;
  }

  onMessage(receive: (message: ToWorker) => void): void {
    process.on('message', receive);
  }

  onGone(gone: () => void): void {
    process.once('disconnect', gone);
  }

  close(): void {
    if (process.connected) process.disconnect?.();
  }
}
