import type { ChunkLimits } from '../../http1/chunked-decoder.ts';
import type { Endpoint } from '../../routes/endpoint.ts';
import type { AttemptConnections } from '../attempts.ts';
import { ConnectionPool, type EndpointConnectionSettings } from '../connection-pool.ts';
import type { EndpointSide } from '../exchange-sides.ts';
import { EndpointSessions, mayHttp2 } from '../http2/endpoint-sessions.ts';
import { Deadlines } from './deadlines.ts';
import { DirectReads } from './direct-reads.ts';
import { EndpointLink, type LinkLimits } from './endpoint-link.ts';

/** Of a chunk's extensions, dropped anyway, and of trailers. */
export const CHUNK_LIMITS: ChunkLimits = {
  maxExtensionBytes: 4096,
  maxTrailerBytes: 64 * 1024,
  maxTrailerFields: 128,
};

/** The connections to endpoints of all exchanges that read with our codec, whatever their clients speak. */
export class EndpointLinks implements AttemptConnections<EndpointSide> {
  readonly #pool: ConnectionPool<EndpointLink, DirectReads>;
  readonly #sessions: EndpointSessions;
  readonly #deadlines: Deadlines;

  /** `maxHeadBytes`: of a response. */
  constructor(settings: EndpointConnectionSettings, maxHeadBytes: number) {
    const limits: LinkLimits = { head: { maxBytes: maxHeadBytes, maxFields: 0 }, chunks: CHUNK_LIMITS };
    this.#deadlines = new Deadlines([settings.idleTimeoutMs], () => {});
    this.#pool = new ConnectionPool(settings, {
      make: (socket, times, idleMs, owner, reads) => {
        const link = new EndpointLink(socket, times, limits, idleMs, owner, reads);
        this.#deadlines.add(link);
        return link;
      },
      newReads: () => new DirectReads(),
      onClosed: (link) => this.#deadlines.remove(link),
    });
    this.#sessions = new EndpointSessions({
      idleMs: settings.idleTimeoutMs,
      keepAlive: this.#pool.keepAlive,
      deadlines: this.#deadlines,
      open: (endpoint, signal, protocols) => this.#pool.open(endpoint, signal, { protocols }),
      adopt: (endpoint, dialled) => this.#pool.adopt(endpoint, dialled),
    });
    this.#deadlines.start();
  }

  get keepAlive(): boolean {
    return this.#pool.keepAlive;
  }

  get idleCount(): number {
    return this.#pool.idleCount + this.#sessions.idleCount;
  }

  takeIdle(endpoint: Endpoint): EndpointSide | undefined {
    if (mayHttp2(endpoint)) return this.#sessions.take(endpoint) ?? this.#pool.takeIdle(endpoint);
    return this.#pool.takeIdle(endpoint);
  }

  dial(endpoint: Endpoint, signal: AbortSignal): Promise<EndpointSide> {
    return mayHttp2(endpoint) ? this.#sessions.dial(endpoint, signal) : this.#pool.dial(endpoint, signal);
  }

  /** Closes the idle ones. Those in use close when their exchange ends. */
  drain(): void {
    this.#pool.drain();
    this.#sessions.drain();
  }

  /** Closes all. Safe to call twice. */
  stop(): void {
    this.#deadlines.stop();
    this.#pool.stop();
    this.#sessions.stop();
  }
}
