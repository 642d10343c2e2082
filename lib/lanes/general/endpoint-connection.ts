import type { Socket } from 'node:net';
import type { DialTimes } from '../dial.ts';
import type { ConnectionOwner } from '../endpoint-connections.ts';
import { hasUnsent } from '../unsent.ts';

/** Taken off the idle limit that an endpoint announces, so that our reuse and its close do not cross on the wire. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/**
 * One connection to an endpoint: leased to one exchange at a time, idle in between.
 *
 * It listens to its socket from the first moment to the last. Node's HTTP client leaves a socket without a `data`
 * and an `error` listener between two requests, and there bytes would vanish unseen and an error end the process.
 */
export class EndpointConnection {
  readonly socket: Socket;
  readonly times: DialTimes;
  /** `ip:port` of our side. */
  readonly localAddress: string;
  /** Exchanges completed on it: 0 = fresh. */
  uses = 0;
  /** Whether the endpoint has sent anything since the lease began. */
  answered = false;
  readonly #owner: ConnectionOwner<EndpointConnection>;
  readonly #longestIdleMs: number;
  #idleMs: number;
  #leased = true;
  #idleSince = 0;
  #reusable = false;
  #responseComplete: (() => boolean) | undefined;

  constructor(socket: Socket, times: DialTimes, idleMs: number, owner: ConnectionOwner<EndpointConnection>) {
    this.socket = socket;
    this.times = times;
    this.#longestIdleMs = idleMs;
    this.#idleMs = idleMs;
    this.#owner = owner;
    const { localAddress = '', localPort = 0 } = socket;
    this.localAddress = localAddress.includes(':')
      ? `[${localAddress}]:${localPort}`
      : `${localAddress}:${localPort}`;

    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('free', this.#onFree);
    socket.on('timeout', this.#onTimeout);
    socket.on('close', () => owner.closed(this));
  }

  get bytesWritten(): number {
    return this.socket.bytesWritten;
  }

  /** Whether it can be leased again, as far as this side can know. */
  get usable(): boolean {
    const { socket } = this;
    return (
      !socket.destroyed &&
      socket.writable &&
      socket.readable &&
      !socket.readableEnded &&
      socket.readableLength === 0 &&
      !hasUnsent(socket)
    );
  }

  lease(): void {
    this.#leased = true;
    this.#reusable = false;
    this.answered = false;
    this.#responseComplete = undefined;
    this.socket.setTimeout(0);
  }

  /** Its response head has come: bytes after `complete()` answers true belong to nobody and end the connection. */
  responding(complete: () => boolean, keepAliveHeader: string | undefined): void {
    this.#responseComplete = complete;
    const announced = keepAliveHeader === undefined ? null : /\btimeout=(\d{1,9})\b/i.exec(keepAliveHeader);
    if (announced) {
      this.#idleMs = Math.min(this.#longestIdleMs, Number(announced[1]) * 1_000 - KEEP_ALIVE_MARGIN_MS);
    }
  }

  /** The exchange ended as it should: once node lets go of the socket it may be used again. */
  mayBeReused(): void {
    this.#reusable = this.#idleMs > 0;
  }

  /** The socket becomes one end of a tunnel: from now on it belongs to that alone. */
  detach(): Socket {
    const { socket } = this;
    socket.removeListener('data', this.#onData);
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('free', this.#onFree);
    socket.removeListener('timeout', this.#onTimeout);
    return socket;
  }

  destroy(): void {
    this.#reusable = false;
    this.socket.destroy();
  }

  readonly #onData = (): void => {
    if (this.#leased && !this.#responseComplete?.()) {
      this.answered = true;
      return;
    }
    // Bytes that no request asked for: whoever came next would take them for its answer.
    this.destroy();
  };

  readonly #onEnd = (): void => {
    this.#reusable = false;
    if (this.#leased) return;
    this.#owner.idleEnded(performance.now() - this.#idleSince);
    this.socket.destroy();
  };

  // Node emits `free` on the socket when request and response are complete.
  readonly #onFree = (): void => {
    if (!this.#reusable || !this.usable) {
      this.destroy();
      return;
    }
    this.uses += 1;
    this.#leased = false;
    this.#idleSince = performance.now();
    this.socket.setTimeout(this.#idleMs);
    this.#owner.released(this);
  };

  readonly #onTimeout = (): void => {
    if (!this.#leased) this.socket.destroy();
  };
}
