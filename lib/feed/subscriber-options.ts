import type { Logger } from '../log/logger.ts';
import type { InboxCounters, InboxEvents } from './inbox.ts';
import type { ServerAddress } from './server-probe.ts';
import type { StartMessage } from './start-message.ts';

export interface SubscriberOptions {
  /** Tried in random order; the other members of a cluster, as told by a server, are tried as well. */
  readonly servers: readonly ServerAddress[];
  readonly user: string;
  readonly pass: string;
  /** Mutual TLS, PEM texts. Servers are checked against `ca` alone. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Two unanswered pings are a lost connection. */
  readonly pingIntervalMs: number;
  readonly startMessage: () => StartMessage;
  /**
   * The router as a component of the platform's first generations, as JSON text: announced once, and told to whoever
   * asks on `vcap.component.discover` (bus.md 8). Absent = none of it.
   */
  readonly component?: () => string;
  /** 0 = only at start and after a loss. */
  readonly publishStartIntervalMs: number;
  readonly enableHttp2: boolean;
  /** The router's effective threshold (registry.md 6). */
  readonly staleThresholdMs: number;
  readonly logger: Logger;
  /** Pause between rounds over the servers after a loss; 2 s when absent. */
  readonly reconnectWaitMs?: number;
  /** The same before the first connection; 500 ms when absent. */
  readonly firstConnectWaitMs?: number;
  /** For each server to answer; 2 s when absent. */
  readonly connectTimeoutMs?: number;
}

/** Called one at a time, in the order in which things came. */
export interface SubscriberEvents extends InboxEvents {
  /** The first connection stands, and the server knows of our subscriptions. */
  onConnected(): void;
  onDisconnected(): void;
  onReconnected(): void;
}

export interface FeedCounters extends InboxCounters {
  greets: number;
  reconnects: number;
  /** Times a server said that it dropped messages because we read too slowly. */
  slowConsumers: number;
}
