import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { AccessSink } from './access-sink.ts';
import { DroppedLines } from './dropped-lines.ts';
import type { Logger } from './logger.ts';
import { cutUtf8, type SyslogFrame } from './syslog-frame.ts';
import { SyslogOutage } from './syslog-outage.ts';

export interface DatagramTarget {
  readonly host: string;
  readonly port: number;
  /** 0 = whichever the name has. */
  readonly family: 0 | 4 | 6;
}

export interface SyslogDatagramsConfig {
  readonly target: DatagramTarget;
  /** Names it in log lines. */
  readonly name: string;
  readonly frame: SyslogFrame;
  readonly log: Logger;
  /** Bytes that may be with the kernel, or wait for the name to be resolved; lines beyond are dropped. */
  readonly maxPendingBytes?: number;
  /** How often dropped lines are reported. */
  readonly reportMs?: number;
  /** Pause before the name is resolved anew after a failure. */
  readonly retryMs?: number;
  /** So long without a failure, and the server counts as well again. */
  readonly quietMs?: number;
}

/** What an UDP datagram can hold (RFC 768: 65,535 less both headers). */
const LARGEST_DATAGRAM = 65_507;

/**
 * Sends access log lines to a syslog server as datagrams, one for each line, without LF. UDP promises nothing: what
 * the kernel refuses is counted and said, what the network loses nobody knows.
 */
export class SyslogDatagrams implements AccessSink {
  readonly #config: SyslogDatagramsConfig;
  readonly #dropped: DroppedLines;
  readonly #outage: SyslogOutage;
  readonly #maxPendingBytes: number;
  #socket: Socket | undefined;
  #opening: Promise<void> | undefined;
  #waiting: Buffer[] = [];
  #pendingBytes = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #failedAt = 0;

  constructor(config: SyslogDatagramsConfig) {
    this.#config = config;
    this.#maxPendingBytes = config.maxPendingBytes ?? 4 * 1024 * 1024;
    this.#outage = new SyslogOutage(config.log, config.name);
    this.#dropped = new DroppedLines(config.log, { syslog: config.name }, config.reportMs);
  }

  get dropped(): number {
    return this.#dropped.total;
  }

  async open(): Promise<void> {
    this.#opening ??= this.#open();
    await this.#opening;
  }

  append(line: string): void {
    const message = Buffer.from(cutUtf8(this.#config.frame.message(line, Date.now()), LARGEST_DATAGRAM));
    if (this.#closing !== undefined || this.#pendingBytes + message.length > this.#maxPendingBytes) {
      this.#dropped.add(1);
      return;
    }
    this.#pendingBytes += message.length;
    if (this.#socket === undefined) this.#waiting.push(message);
    else this.#send(this.#socket, message);
  }

  async reopen(): Promise<void> {}

  close(timeoutMs = 5000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#pendingBytes > 0) {
      let deadline: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        deadline = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(deadline);
    }
    clearTimeout(this.#retryTimer);
    this.#dropped.add(this.#waiting.length);
    this.#dropped.report();
    this.#socket?.close();
    this.#socket = undefined;
  }

  async #open(): Promise<void> {
    try {
      const socket = await connectDatagrams(this.#config.target);
      const before = this.#socket;
      this.#socket = socket;
      socket.unref();
      // An answer of the network about a datagram before: nobody listens there.
      socket.on('error', (error) => this.#failed(error));
      before?.close();
      for (const message of this.#waiting.splice(0)) this.#send(socket, message);
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #send(socket: Socket, message: Buffer): void {
    socket.send(message, (error) => {
      this.#pendingBytes -= message.length;
      if (error !== null) {
        this.#dropped.add(1);
        this.#failed(error);
      } else if (performance.now() - this.#failedAt > (this.#config.quietMs ?? 60_000)) {
        // Not at once: while nobody listens, every other datagram seems to be taken.
        this.#outage.worked();
      }
      if (this.#pendingBytes === 0) this.#onIdle?.();
    });
  }

  /** The server may have moved: its name is resolved anew. */
  #failed(error: Error): void {
    this.#failedAt = performance.now();
    this.#outage.failed(error);
    if (this.#closing !== undefined) return;
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#opening = this.#open();
    }, this.#config.retryMs ?? 5_000).unref();
  }
}

/** A socket that sends to one address. Rejects when the name has none, or no way leads there. */
export async function connectDatagrams({ host, port, family }: DatagramTarget): Promise<Socket> {
  const found = await lookup(host, { family });
  const socket = createSocket(found.family === 6 ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, found.address, () => {
      socket.off('error', reject);
      resolve();
    });
  }).catch((error: unknown) => {
    socket.close();
    throw error;
  });
  return socket;
}
