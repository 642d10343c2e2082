import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection, type NatsError, usernamePasswordAuthenticator } from 'nats';
import type { Logger } from '../log/logger.ts';
import { PLATFORM_TLS } from '../tls/platform-rules.ts';
import { Announcements } from './announcements.ts';
import { Inbox } from './inbox.ts';
import { type Candidate, ServerList } from './server-list.ts';
import { type Peer, probeServer, type ServerAddress, serverName } from './server-probe.ts';
import type { FeedCounters, SubscriberEvents, SubscriberOptions } from './subscriber-options.ts';

interface Link {
  readonly connection: NatsConnection;
  /** Data of the log lines about the connection. */
  readonly facts: { readonly host: string; readonly addr: string };
  readonly sinceMs: number;
}

const MAX_PINGS_OUT = 2;
/** Routers that lost the same server do not come back in step. */
const JITTER_MS = 100;

/** The router's connection to NATS: hears registrations, announces the router, comes back after every loss. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #events: SubscriberEvents;
  readonly #inbox: Inbox;
  readonly #announcements: Announcements;
  readonly #natsLog: Logger;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #servers: ServerList;
  /** Reasons for not being connected that were logged since we last were. */
  readonly #reported = new Set<string>();
  #greets = 0;
  #reconnects = 0;
  #slowConsumers = 0;
  #connectedOnce = false;
  #running: Promise<void> | undefined;
  #link: Link | undefined;

  constructor(options: SubscriberOptions, events: SubscriberEvents) {
    this.#options = options;
    this.#events = events;
    this.#servers = new ServerList(options.servers);
    this.#natsLog = options.logger.child('nats');
    this.#log = options.logger.child('subscriber');
    this.#inbox = new Inbox(options, events, this.#log);
    this.#announcements = new Announcements(options, this.#natsLog);
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  get counters(): FeedCounters {
    return {
      ...this.#inbox.counters,
      greets: this.#greets,
      reconnects: this.#reconnects,
      slowConsumers: this.#slowConsumers,
    };
  }

  /** Begins to connect, and never gives up. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Best effort: without a connection nobody hears it. */
  publish(subject: string, payload: Uint8Array): void {
    this.#announcements.publish(subject, payload, this.#link?.connection);
  }

  /** No event comes after it resolved. May be called twice, or before start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#link?.connection.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const {
      firstConnectWaitMs = 500,
      reconnectWaitMs = 2000,
      pingIntervalMs,
      publishStartIntervalMs,
    } = this.#options;
    const { signal } = this.#stopping;
    let announcing: NodeJS.Timeout | undefined;
    if (publishStartIntervalMs > 0) {
      announcing = setInterval(
        () => this.#announcements.start(this.#link?.connection),
        publishStartIntervalMs,
      );
    }
    let reminding: NodeJS.Timeout | undefined;
    for (let losses = 0; ; losses += 1) {
      const link = await this.#connectAny(losses === 0 ? firstConnectWaitMs : reconnectWaitMs);
      clearInterval(reminding);
      if (link === undefined) break;
      this.#link = link;
      // A stop that came before this line did not see the connection.
      if (signal.aborted) await link.connection.close();
      else if (losses === 0) this.#events.onConnected();
      else {
        this.#reconnects += 1;
        this.#events.onReconnected();
      }
      const reason = await link.connection.closed();
      this.#link = undefined;
      if (signal.aborted) break;
      const why = reason instanceof Error ? { error: reason.message } : {};
      this.#natsLog.info('nats-connection-disconnected', { ...link.facts, ...why });
      this.#events.onDisconnected();
      reminding = setInterval(
        () => this.#natsLog.info('nats-connection-still-disconnected', link.facts),
        pingIntervalMs,
      );
      // A server that takes us and cuts us off at once must not keep us busy.
      if (performance.now() - link.sinceMs < reconnectWaitMs) await this.#pause(reconnectWaitMs);
    }
    clearInterval(announcing);
  }

  /** Goes round all servers until one has us as a subscriber; undefined when stopped before that. */
  async #connectAny(waitMs: number): Promise<Link | undefined> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      for (const server of this.#servers.round()) {
        try {
          const link = await this.#join(server);
          this.#reported.clear();
          return link;
        } catch (error) {
          if (signal.aborted) return undefined;
          this.#report(error instanceof Error ? error.message : String(error), server);
        }
      }
      await this.#pause(waitMs);
    }
    return undefined;
  }

  /** Connects to one server, subscribes and announces the router. */
  async #join(server: Candidate): Promise<Link> {
    const { signal } = this.#stopping;
    const peer = await probeServer(server, this.#options.connectTimeoutMs ?? 2000, signal);
    const connection = await this.#connect(server, peer);
    const link: Link = {
      connection,
      facts: { host: serverName(server), addr: serverName({ hostname: peer.ip, port: peer.port }) },
      sinceMs: performance.now(),
    };
    void this.#watch(connection, server.tlsName, link.facts);
    try {
      this.#natsLog.info(
        this.#connectedOnce ? 'nats-connection-reconnected' : 'Successfully-connected-to-nats',
        link.facts,
      );
      if (!this.#connectedOnce) this.#log.info('subscriber-starting');
      let refusal: NatsError | undefined;
      this.#subscribe(connection, (error) => {
        refusal = error;
      });
      // After the subscriptions, or the first answers could be lost.
      connection.publish('router.start', this.#announcements.startText());
      await abandonable(connection.flush(), signal);
      if (refusal !== undefined) throw refusal;
      if (!this.#connectedOnce) this.#log.info('subscriber-started');
      if (!this.#connectedOnce) this.#announceComponent(connection);
      this.#connectedOnce = true;
      this.#servers.learn(connection.info?.connect_urls ?? [], server.tlsName);
      return link;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async #connect({ tlsName }: Candidate, peer: Peer): Promise<NatsConnection> {
    const { user, pass, tls, pingIntervalMs, connectTimeoutMs = 2000 } = this.#options;
    // By address, so that the name cannot lead elsewhere than a moment ago. An address as TLS server name is
    // not allowed (RFC 6066 §3), but it is what the certificate has to carry.
    const checked = isIP(tlsName) === 0 ? { servername: tlsName } : { host: tlsName };
    const connecting = connect({
      servers: [serverName({ hostname: peer.ip, port: peer.port })],
      name: 'turnout',
      timeout: connectTimeoutMs,
      authenticator: usernamePasswordAuthenticator(user, pass),
      ...(tls === undefined ? {} : { tls: { ...PLATFORM_TLS, ...tls, ...checked } }),
      pingInterval: pingIntervalMs,
      maxPingOut: MAX_PINGS_OUT,
      // We do that ourselves: see probeServer.
      reconnect: false,
      resolve: false,
      noAsyncTraces: true,
    });
    // The package cannot be told to give up; what it makes after a stop is closed unseen.
    connecting.then(
      (late) => {
        if (this.#stopping.signal.aborted) void late.close();
      },
      () => {},
    );
    return abandonable(connecting, this.#stopping.signal);
  }

  /** Callbacks, not iterators: no queue and no promise between the socket and the registry. */
  #subscribe(connection: NatsConnection, onRefused: (error: NatsError) => void): void {
    const { signal } = this.#stopping;
    connection.subscribe('router.greet', {
      callback: (error, message) => {
        if (error !== null) onRefused(error);
        else if (!signal.aborted) {
          this.#greets += 1;
          this.#announcements.answerGreeting(message.reply ?? '', connection);
        }
      },
    });
    connection.subscribe('router.*', {
      callback: (error, message) => {
        if (error !== null) onRefused(error);
        else if (!signal.aborted) this.#inbox.take(message.subject, message.data);
      },
    });
    if (this.#options.component !== undefined) this.#answerDiscovery(connection);
  }

  /** Not counted as a failure when the server forbids it: the router serves as well without. */
  #answerDiscovery(connection: NatsConnection): void {
    connection.subscribe('vcap.component.discover', {
      callback: (error, message) => {
        if (error !== null || this.#stopping.signal.aborted) return;
        const { reply = '', subject } = message;
        if (reply === '') this.#log.info(`Received message with empty reply on subject ${subject}`);
        else this.#announcements.component(reply, connection);
      },
    });
  }

  #announceComponent(connection: NatsConnection): void {
    const { component, logger } = this.#options;
    if (component === undefined) return;
    this.#announcements.component('vcap.component.announce', connection);
    logger.child('router').info('Component Router registered successfully');
  }

  async #watch(connection: NatsConnection, tlsName: string, facts: Link['facts']): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'update') this.#servers.learn(connection.info?.connect_urls ?? [], tlsName);
      if (type !== 'error') continue;
      const error = lastServerError(connection);
      this.#natsLog.warn('nats-server-error', { ...facts, error });
      if (!/slow consumer/i.test(error)) continue;
      // Some registrations never reached us: let everybody say them again.
      this.#slowConsumers += 1;
      this.#announcements.start(connection);
    }
  }

  /** Once per reason while not connected: the state is logged, not each attempt. */
  #report(error: string, server: ServerAddress): void {
    if (this.#reported.has(error)) return;
    this.#reported.add(error);
    this.#natsLog.error('nats-connection-error', { error, host: serverName(server) });
  }

  async #pause(ms: number): Promise<void> {
    const jitterMs = Math.random() * Math.min(JITTER_MS, ms);
    await delay(ms + jitterMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}

/** The promise's outcome, unless stopped before that. */
function abandonable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = () => reject(new Error('stopped'));
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon));
  });
}

/** The text of the last `-ERR`. The package hands out a code that many errors share, and keeps the text inside. */
function lastServerError(connection: NatsConnection): string {
  const { protocol } = connection as unknown as { protocol?: { lastError?: unknown } };
  return protocol?.lastError instanceof Error ? protocol.lastError.message : 'unknown';
}
