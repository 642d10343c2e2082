import { connect, type Socket } from 'node:net';
import type { AccessSink } from './access-sink.ts';
import { DroppedLines } from './dropped-lines.ts';
import { LineQueue } from './line-queue.ts';
import type { Logger } from './logger.ts';
import type { SyslogFrame } from './syslog-frame.ts';
import { SyslogOutage } from './syslog-outage.ts';

/** A stream socket: TCP, or of the file system. */
export type StreamTarget =
  | { readonly host: string; readonly port: number; readonly family: 0 | 4 | 6 }
  | { readonly path: string };

export interface SyslogStreamConfig {
  readonly target: StreamTarget;
  /** Names it in log lines. */
  readonly name: string;
  readonly frame: SyslogFrame;
  readonly log: Logger;
  /** Bytes that are written at once instead of waiting for `flushMs`. */
  readonly flushBytes?: number;
  readonly flushMs?: number;
  /** Bytes kept for a slow or absent server; lines beyond are dropped. */
  readonly maxBufferedBytes?: number;
  /** How often dropped lines are reported. */
  readonly reportMs?: number;
  /** Pause before the next attempt to connect; doubled up to `longestRetryMs`. */
  readonly retryMs?: number;
  readonly longestRetryMs?: number;
  readonly connectTimeoutMs?: number;
}

/** A server that vanished is noticed though nothing is written. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Streams access log lines to a syslog server over a connection, each ended by LF, many in one write. A connection that
 * is lost is made again, with growing pauses; lines gather meanwhile, and beyond the bound they are dropped, counted
 * and reported. What was under way when it was lost is sent again: a line may come twice, none is lost in silence.
 */
export class SyslogStream implements AccessSink {
  readonly #config: SyslogStreamConfig;
  readonly #dropped: DroppedLines;
  readonly #lines: LineQueue;
  readonly #outage: SyslogOutage;
  readonly #flushBytes: number;
  readonly #flushMs: number;
  readonly #retryMs: number;
  #socket: Socket | undefined;
  #connected = false;
  #writing = false;
  #attempts = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(config: SyslogStreamConfig) {
    this.#config = config;
    this.#flushBytes = config.flushBytes ?? 32 * 1024;
    this.#flushMs = config.flushMs ?? 200;
    this.#retryMs = config.retryMs ?? 250;
    this.#outage = new SyslogOutage(config.log, config.name);
    this.#dropped = new DroppedLines(config.log, { syslog: config.name }, config.reportMs);
    this.#lines = new LineQueue(config.maxBufferedBytes ?? 4 * 1024 * 1024, this.#dropped);
  }

  get dropped(): number {
    return this.#dropped.total;
  }

  /** Begins to connect. That the server can be reached at all is for the primary to find out. */
  async open(): Promise<void> {
    if (this.#socket === undefined && this.#closing === undefined) this.#connect();
  }

  append(line: string): void {
    if (this.#closing !== undefined) {
      this.#dropped.add(1);
      return;
    }
    if (!this.#lines.add(this.#config.frame.message(line, Date.now()))) return;
    if (this.#lines.bytes >= this.#flushBytes) this.#pump();
    else this.#flushTimer ??= setTimeout(this.#pump, this.#flushMs).unref();
  }

  async reopen(): Promise<void> {}

  close(timeoutMs = 5000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    // Let `#closing` be set first: from here on every write is followed by the next at once.
    await Promise.resolve();
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, timeoutMs);
    });
    this.#pump();
    if (this.#lines.bytes > 0) {
      await Promise.race([
        late,
        new Promise<void>((resolve) => {
          this.#onIdle = resolve;
        }),
      ]);
    }
    clearTimeout(this.#flushTimer);
    clearTimeout(this.#retryTimer);
    this.#lines.abandon();
    this.#dropped.report();
    const socket = this.#socket;
    // Ended in order, so that the last bytes are not lost to a reset.
    if (socket !== undefined && this.#connected && !this.#writing) {
      await Promise.race([late, new Promise<void>((resolve) => socket.end(resolve))]);
    }
    clearTimeout(deadline);
    socket?.destroy();
  }

  #connect(): void {
    const { target, connectTimeoutMs = 5_000 } = this.#config;
    this.#retryTimer = undefined;
    const socket = connect(target);
    this.#socket = socket;
    const timer = setTimeout(
      () =>
        socket.destroy(new Error(`connect to ${this.#config.name}: no answer within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    ).unref();
    socket.once('connect', () => {
      clearTimeout(timer);
      this.#connected = true;
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      this.#pump();
    });
    // A syslog server says nothing; reading is how its end is noticed.
    socket.resume();
    let why: Error | undefined;
    socket.on('error', (error) => {
      why = error;
    });
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(timer);
      this.#lost(socket, why ?? new Error('the server closed the connection'));
    });
  }

  #lost(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#connected = false;
    this.#writing = false;
    this.#socket = undefined;
    // What waits at the end has one more chance while there is time for it.
    if (this.#closing !== undefined && this.#lines.bytes === 0) return;
    this.#outage.failed(error);
    const pauseMs = Math.min(this.#retryMs * 2 ** this.#attempts, this.#config.longestRetryMs ?? 5_000);
    this.#attempts += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), pauseMs).unref();
  }

  readonly #pump = (): void => {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const { head } = this.#lines;
    const socket = this.#socket;
    if (head === undefined || socket === undefined || !this.#connected || this.#writing) return;
    const bytes = head.length - head.offset;
    if (bytes === 0) return;
    this.#writing = true;
    socket.write(head.bytes.subarray(head.offset, head.length), (error) => {
      // The bytes of a lost connection stay first in the queue.
      if (error != null || this.#socket !== socket) return;
      this.#writing = false;
      this.#attempts = 0;
      this.#outage.worked();
      this.#lines.wrote(bytes);
      if (this.#lines.bytes === 0) this.#onIdle?.();
      else if (this.#closing !== undefined || this.#lines.bytes >= this.#flushBytes) this.#pump();
      else this.#flushTimer ??= setTimeout(this.#pump, this.#flushMs).unref();
    });
  };
}
