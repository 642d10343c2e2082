import type { Socket } from 'node:net';
import {
  BAD_ARGUMENTS,
  CommandParser,
  type Commands,
  NOT_AUTHORIZED,
  type ProtocolFault,
} from './command-parser.ts';
import { isLiteralSubject } from './subject.ts';

/** One SUB of one client. */
export interface Subscription {
  readonly client: BusClient;
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  delivered: number;
  /** Messages after which it ends by itself; 0 = none. */
  max: number;
}

/** What a client needs from the bus it belongs to. */
export interface Exchange {
  readonly maxPayload: number;
  /** Bytes waiting for a client that reads too slowly, above which it is cut. */
  readonly maxPending: number;
  /** Undefined when anybody may come. */
  readonly credentials: { readonly user: string; readonly pass: string } | undefined;
  /** False when the subject is not one to subscribe to. */
  subscribe(subscription: Subscription): boolean;
  unsubscribe(subscription: Subscription): void;
  publish(from: BusClient, subject: string, reply: string, payload: string): void;
  /** All that one chunk of a client's bytes caused has been queued: pass it on. */
  flush(): void;
  closed(client: BusClient, reason: string): void;
}

/** How long a client that is cut may take to read the reason. */
const LAST_WORDS_MS = 1000;

/** One connection to the embedded bus, from INFO to its end. */
export class BusClient implements Commands {
  readonly address: string;
  /** False when the client asked not to get its own messages. */
  echo = true;
  readonly #socket: Socket;
  readonly #exchange: Exchange;
  readonly #parser: CommandParser;
  readonly #subscriptions = new Map<string, Subscription>();
  // Until CONNECT says otherwise, as in nats-server.
  #verbose = true;
  #pedantic = true;
  #out = '';
  #ended = false;
  #active = false;
  #pingsOut = 0;

  constructor(socket: Socket, exchange: Exchange) {
    this.#socket = socket;
    this.#exchange = exchange;
    this.address = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    this.#parser = new CommandParser(this, {
      maxPayload: exchange.maxPayload,
      connectOnly: exchange.credentials !== undefined,
    });
  }

  /** Whether CONNECT is still owed by a client that has to prove who it is. */
  get awaitsCredentials(): boolean {
    return this.#parser.connectOnly;
  }

  start(info: string): void {
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Without a listener an error would end the process; 'close' follows and says all that is needed.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.end('', 'client gone'));
    this.#socket.write(info, 'latin1');
  }

  connect(json: string): ProtocolFault | undefined {
    let options: unknown;
    try {
      options = JSON.parse(Buffer.from(json, 'latin1').toString('utf8'));
    } catch {
      return BAD_ARGUMENTS;
    }
    if (typeof options !== 'object' || Array.isArray(options)) return BAD_ARGUMENTS;
    const { verbose, pedantic, echo, user, pass } = (options ?? {}) as Record<string, unknown>;
    for (const flag of [verbose, pedantic, echo]) {
      if (flag !== undefined && flag !== null && typeof flag !== 'boolean') return BAD_ARGUMENTS;
    }
    const { credentials } = this.#exchange;
    if (credentials !== undefined && (user !== credentials.user || pass !== credentials.pass))
      return NOT_AUTHORIZED;
    this.#parser.connectOnly = false;
    if (typeof verbose === 'boolean') this.#verbose = verbose;
    if (typeof pedantic === 'boolean') this.#pedantic = pedantic;
    if (typeof echo === 'boolean') this.echo = echo;
    this.#acknowledge();
    return undefined;
  }

  ping(): void {
    this.#queue('PONG\r\n');
  }

  pong(): void {
    this.#pingsOut = 0;
  }

  subscribe(subject: string, queue: string, sid: string): void {
    if (!this.#subscriptions.has(sid)) {
      const subscription = { client: this, subject, queue, sid, delivered: 0, max: 0 };
      if (!this.#exchange.subscribe(subscription)) {
        this.#queue("-ERR 'Invalid Subject'\r\n");
        return;
      }
      this.#subscriptions.set(sid, subscription);
    }
    this.#acknowledge();
  }

  unsubscribe(sid: string, max: number): void {
    const subscription = this.#subscriptions.get(sid);
    if (subscription !== undefined) {
      subscription.max = max;
      if (max <= subscription.delivered) this.#drop(subscription);
    }
    this.#acknowledge();
  }

  publish(subject: string, reply: string, payload: string): void {
    if (this.#pedantic && !isLiteralSubject(subject)) this.#queue("-ERR 'Invalid Publish Subject'\r\n");
    this.#acknowledge();
    this.#exchange.publish(this, subject, reply, payload);
  }

  /** Queues one message; it leaves with the next flush. False when nothing more may be delivered. */
  deliver(subscription: Subscription, subject: string, reply: string, payload: string): boolean {
    // A list of matches may be older than an UNSUB, or than the end of the client.
    if (this.#ended || this.#subscriptions.get(subscription.sid) !== subscription) return false;
    subscription.delivered += 1;
    const back = reply === '' ? '' : `${reply} `;
    this.#queue(`MSG ${subject} ${subscription.sid} ${back}${payload.length}\r\n${payload}\r\n`);
    if (subscription.max > 0 && subscription.delivered >= subscription.max) this.#drop(subscription);
    return true;
  }

  flush(): void {
    if (this.#out === '' || this.#socket.destroyed) return;
    const out = this.#out;
    this.#out = '';
    this.#socket.write(out, 'latin1');
  }

  /** To be called once per ping interval: a client that was silent is asked, one that does not answer is cut. */
  checkLife(maxPingsOut: number): void {
    if (this.#active) this.#pingsOut = 0;
    else if (this.#pingsOut >= maxPingsOut) this.end('Stale Connection', 'stale connection');
    else {
      this.#pingsOut += 1;
      this.#queue('PING\r\n');
      this.flush();
    }
    this.#active = false;
  }

  /** Ends the connection. `error` is told to the client if it still reads. Safe to call twice. */
  end(error: string, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const subscription of this.#subscriptions.values()) this.#exchange.unsubscribe(subscription);
    this.#subscriptions.clear();
    this.#exchange.closed(this, reason);
    if (this.#socket.destroyed) return;
    const lastWords = error === '' ? this.#out : `${this.#out}-ERR '${error}'\r\n`;
    this.#out = '';
    this.#socket.end(lastWords, 'latin1');
    // A peer that never reads, or never closes its side, must not keep what is queued for it.
    const deadline = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS);
    this.#socket.once('close', () => clearTimeout(deadline));
  }

  destroy(): void {
    this.end('', 'bus stopped');
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#active = true;
    const fault = this.#parser.push(chunk);
    if (fault !== undefined) this.end(fault.error, fault.error === '' ? 'bad arguments' : fault.error);
    this.flush();
    this.#exchange.flush();
  }

  #acknowledge(): void {
    if (this.#verbose) this.#queue('+OK\r\n');
  }

  #queue(text: string): void {
    if (this.#ended) return;
    this.#out += text;
    if (this.#socket.writableLength + this.#out.length > this.#exchange.maxPending) {
      this.end('Slow Consumer', 'slow consumer');
    }
  }

  #drop(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.sid);
    this.#exchange.unsubscribe(subscription);
  }
}
