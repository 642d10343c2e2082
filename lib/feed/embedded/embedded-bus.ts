import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../log/logger.ts';
import { BusClient, type Exchange, type Subscription } from './bus-client.ts';
import { listenFailure } from './listen-failure.ts';
import { SubjectTree } from './subject-tree.ts';

export interface EmbeddedBusOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Bytes of the largest message; 1 MiB, as in nats-server, when absent. */
  readonly maxPayload?: number;
  /** Bytes waiting for one client, above which it is cut; 64 MiB, as in nats-server, when absent. */
  readonly maxPending?: number;
  /** With either of them given, clients have to give both. */
  readonly user?: string;
  readonly pass?: string;
  /** How often a silent client is asked whether it lives; 2 minutes when absent. */
  readonly pingIntervalMs?: number;
  /** How long a client may take to give its credentials; 2 s when absent. */
  readonly authTimeoutMs?: number;
}

const MAX_PINGS_OUT = 2;

/**
 * A small NATS server for routers that have their host to themselves: the core protocol with wildcards and
 * queue groups; no headers, no clusters, no JetStream, no TLS.
 */
export class EmbeddedBus {
  readonly #options: EmbeddedBusOptions;
  readonly #log: Logger;
  readonly #id = randomUUID();
  readonly #tree = new SubjectTree<Subscription>();
  readonly #clients = new Set<BusClient>();
  /** Clients with something to be flushed. */
  readonly #dirty = new Set<BusClient>();
  readonly #exchange: Exchange;
  #server: Server | undefined;
  #pings: NodeJS.Timeout | undefined;
  #clientIds = 0;

  constructor(options: EmbeddedBusOptions) {
    this.#options = options;
    this.#log = options.logger.child('embedded-bus');
    const { user = '', pass = '' } = options;
    this.#exchange = {
      maxPayload: options.maxPayload ?? 1024 * 1024,
      maxPending: options.maxPending ?? 64 * 1024 * 1024,
      credentials: user === '' && pass === '' ? undefined : { user, pass },
      subscribe: (subscription) => this.#tree.add(subscription.subject, subscription.queue, subscription),
      unsubscribe: (subscription) =>
        this.#tree.remove(subscription.subject, subscription.queue, subscription),
      publish: (from, subject, reply, payload) => this.#publish(from, subject, reply, payload),
      flush: () => this.#flush(),
      closed: (client, reason) => this.#closed(client, reason),
    };
  }

  /** Rejects with LISTEN_FAILED, naming the key to change, when the address cannot be listened on. */
  async start(): Promise<{ host: string; port: number }> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    const { host, port: wanted } = this.#options;
    server.listen(wanted, host);
    await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
      throw listenFailure(error, host, wanted);
    });
    // Out of descriptors, for instance: those who are connected go on.
    server.on('error', (error) => this.#log.error('embedded-bus-accept-failed', { error }));
    this.#pings = setInterval(() => this.#checkLife(), this.#options.pingIntervalMs ?? 120_000);
    const { address, port } = server.address() as AddressInfo;
    this.#log.info('embedded-bus-listening', { host: address, port });
    return { host: address, port };
  }

  /** Cuts all clients and frees the port. May be called twice, or before start. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    clearInterval(this.#pings);
    if (server === undefined) return;
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const client = new BusClient(socket, this.#exchange);
    this.#clients.add(client);
    this.#clientIds += 1;
    client.start(this.#info(socket, this.#clientIds));
    if (!client.awaitsCredentials) return;
    const deadline = setTimeout(() => {
      if (client.awaitsCredentials) client.end('Authentication Timeout', 'authentication timeout');
    }, this.#options.authTimeoutMs ?? 2000);
    socket.once('close', () => clearTimeout(deadline));
  }

  #info(socket: Socket, clientId: number): string {
    const { credentials, maxPayload } = this.#exchange;
    const info = {
      server_id: this.#id,
      server_name: 'turnout-embedded',
      // Of the protocol, which clients derive features from.
      version: '2.0.0',
      proto: 1,
      go: '',
      host: socket.localAddress ?? this.#options.host,
      port: socket.localPort ?? this.#options.port,
      headers: false,
      ...(credentials === undefined ? {} : { auth_required: true }),
      max_payload: maxPayload,
      client_id: clientId,
      client_ip: socket.remoteAddress ?? '',
    };
    return `INFO ${JSON.stringify(info)} \r\n`;
  }

  #publish(from: BusClient, subject: string, reply: string, payload: string): void {
    const { all, groups } = this.#tree.match(subject);
    for (const subscription of all) this.#deliver(from, subscription, subject, reply, payload);
    for (const group of groups) {
      // Starting anywhere shares the load; going on past members that are gone loses no message.
      const start = Math.floor(Math.random() * group.length);
      for (let i = 0; i < group.length; i += 1) {
        const member = group[(start + i) % group.length];
        if (member !== undefined && this.#deliver(from, member, subject, reply, payload)) break;
      }
    }
  }

  #deliver(from: BusClient, to: Subscription, subject: string, reply: string, payload: string): boolean {
    if (to.client === from && !from.echo) return false;
    this.#dirty.add(to.client);
    return to.client.deliver(to, subject, reply, payload);
  }

  #flush(): void {
    for (const client of this.#dirty) client.flush();
    this.#dirty.clear();
  }

  #checkLife(): void {
    for (const client of this.#clients) client.checkLife(MAX_PINGS_OUT);
  }

  #closed(client: BusClient, reason: string): void {
    this.#clients.delete(client);
    if (reason === 'client gone' || reason === 'bus stopped') return;
    this.#log.warn('embedded-bus-client-cut', { client: client.address, reason });
  }
}
