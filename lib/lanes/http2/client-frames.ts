import { checkControlFrame, peerSettings } from '../../http2/control-frames.ts';
import { type FieldSection, FieldSections } from '../../http2/field-sections.ts';
import { FrameReader, type FrameSink } from '../../http2/frame-reader.ts';
import {
  ConnectionError,
  ERROR,
  FLAG,
  FRAME,
  frameHeader,
  LARGEST_WINDOW,
  SETTINGS_ACK,
} from '../../http2/frames.ts';
import { trailersProblem } from '../../http2/sound-fields.ts';
import type { ClientStream } from './client-stream.ts';
import type { OpenStreams } from './open-streams.ts';
import type { ReceiveWindow } from './receive-window.ts';
import type { SendWindows } from './send-windows.ts';
import { FRONT_SETTINGS, MAX_HEADER_LIST } from './session-options.ts';

/** The connection that the frames are for. */
export interface ClientFramesTarget {
  readonly streams: OpenStreams;
  readonly windows: SendWindows;
  readonly receiveWindow: ReceiveWindow;
  /** Nothing more is read. */
  readonly ended: boolean;
  /** A field section opens a stream. */
  opened(section: FieldSection): void;
  /** The peer has reset it. */
  left(stream: ClientStream): void;
  /** It ends with an error that the peer made. */
  broken(stream: ClientStream, code: number): void;
  /** A PING of ours has come back. */
  pingBack(): void;
  /** The peer sent what costs it nothing, and us something. */
  annoyed(): void;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const PING_ACK = frameHeader(8, FRAME.ping, FLAG.ack, 0);

/** Reads what a client sends on a connection that speaks HTTP/2, and has the connection do what it says. */
export class ClientFrames implements FrameSink {
  readonly #target: ClientFramesTarget;
  readonly #reader: FrameReader;
  readonly #sections = new FieldSections(MAX_HEADER_LIST);
  #prefaceBytes = 0;
  #greeted = false;

  constructor(target: ClientFramesTarget) {
    this.#target = target;
    this.#reader = new FrameReader(this, FRONT_SETTINGS.maxFrameSize);
  }

  /** Throws ConnectionError; nothing may be read afterwards. */
  read(bytes: Buffer): void {
    const from = this.#prefaceBytes < PREFACE.length ? this.#readPreface(bytes) : 0;
    if (from < bytes.length) this.#reader.read(from === 0 ? bytes : bytes.subarray(from));
  }

  #readPreface(bytes: Buffer): number {
    const size = Math.min(bytes.length, PREFACE.length - this.#prefaceBytes);
    if (bytes.compare(PREFACE, this.#prefaceBytes, this.#prefaceBytes + size, 0, size) !== 0) {
      throw new ConnectionError(ERROR.protocol, 'no preface');
    }
    this.#prefaceBytes += size;
    return size;
  }

  dataBegin(id: number, length: number): void {
    const { streams, receiveWindow, ended } = this.#target;
    if (ended) return;
    this.#expect(FRAME.data, id);
    receiveWindow.take(length);
    const stream = streams.get(id);
    if (stream === undefined || stream.received) {
      if (id > streams.last || (id & 1) === 0)
        throw new ConnectionError(ERROR.protocol, 'DATA on an idle stream');
      receiveWindow.giveBack(length);
      if (stream !== undefined) this.#target.broken(stream, ERROR.streamClosed);
      else if (length === 0) this.#target.annoyed();
      return;
    }
    stream.announce(length);
    if (stream.receiveWindow < 0) this.#target.broken(stream, ERROR.flowControl);
  }

  data(id: number, bytes: Buffer, from: number, to: number): void {
    this.#target.streams.get(id)?.body(bytes, from, to);
  }

  dataEnd(id: number, endStream: boolean, length: number): void {
    const stream = this.#target.streams.get(id);
    if (stream === undefined || stream.received) return;
    if (endStream) {
      stream.bodyEnd(undefined);
      return;
    }
    if (length === 0) this.#target.annoyed();
    stream.bodyFlush();
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (this.#target.ended) return;
    this.#expect(type, id);
    switch (type) {
      case FRAME.headers:
        this.#section(this.#sections.headers(flags, id, bytes, from, to));
        return;
      case FRAME.continuation:
        if ((flags & FLAG.endHeaders) === 0) this.#target.annoyed();
        this.#section(this.#sections.continuation(flags, id, bytes, from, to));
        return;
      default:
        checkControlFrame(type, flags, id, to - from);
        this.#control(type, flags, id, bytes, from, to);
    }
  }

  #control(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case FRAME.rstStream:
        this.#rstStream(id);
        return;
      case FRAME.settings:
        if ((flags & FLAG.ack) === 0) this.#settings(bytes, from, to);
        return;
      case FRAME.ping:
        if ((flags & FLAG.ack) === 0) this.#ping(bytes, from, to);
        else this.#target.pingBack();
        return;
      case FRAME.windowUpdate:
        this.#windowUpdate(id, bytes.readUInt32BE(from) & LARGEST_WINDOW);
        return;
      case FRAME.goaway: // it takes nothing from us; what it has asked for is answered
        return;
      default: // PRIORITY, and types that are unknown and ignored (RFC 9113 §5.5)
        this.#target.annoyed();
    }
  }

  /** Settings come first (RFC 9113 §3.4), and nothing between the frames of a field section (§4.3). */
  #expect(type: number, id: number): void {
    if (!this.#greeted && type !== FRAME.settings) throw new ConnectionError(ERROR.protocol, 'no settings');
    const { openOn } = this.#sections;
    if (openOn !== 0 && (type !== FRAME.continuation || id !== openOn)) {
      throw new ConnectionError(ERROR.protocol, 'a frame within a field section');
    }
  }

  #section(section: FieldSection | undefined): void {
    if (section === undefined || this.#target.ended) return;
    const { streams } = this.#target;
    const stream = streams.get(section.id);
    if (stream !== undefined) this.#trailers(stream, section);
    else if (streams.opens(section.id)) this.#target.opened(section);
    else this.#target.annoyed(); // it was reset, and the peer did not know yet
  }

  #trailers(stream: ClientStream, { endStream, fields, exceeded }: FieldSection): void {
    if (stream.received) this.#target.broken(stream, ERROR.streamClosed);
    else if (!endStream || exceeded || trailersProblem(fields) !== undefined) {
      this.#target.broken(stream, ERROR.protocol);
    } else stream.bodyEnd(fields);
  }

  #rstStream(id: number): void {
    const { streams } = this.#target;
    if (id > streams.last) throw new ConnectionError(ERROR.protocol, 'RST_STREAM of an idle stream');
    const stream = streams.get(id);
    if (stream !== undefined) this.#target.left(stream);
    // Each may have cost a request, and the peer next to nothing (hazards 5).
    this.#target.annoyed();
  }

  #settings(bytes: Buffer, from: number, to: number): void {
    const { windows } = this.#target;
    const { initialWindowSize, maxFrameSize } = peerSettings(bytes, from, to);
    windows.settings(initialWindowSize, maxFrameSize);
    if (this.#greeted) this.#target.annoyed();
    this.#greeted = true;
    windows.out.text(SETTINGS_ACK);
    windows.out.flush();
  }

  #ping(bytes: Buffer, from: number, to: number): void {
    const { out } = this.#target.windows;
    out.text(`${PING_ACK}${bytes.toString('latin1', from, to)}`);
    out.flush();
    this.#target.annoyed();
  }

  #windowUpdate(id: number, increment: number): void {
    const { streams, windows } = this.#target;
    if (id === 0) {
      windows.more(increment);
      return;
    }
    if (id > streams.last) throw new ConnectionError(ERROR.protocol, 'WINDOW_UPDATE of an idle stream');
    const stream = streams.get(id);
    if (stream === undefined) return;
    const error = windows.moreOn(stream, increment);
    if (error !== undefined) this.#target.broken(stream, error);
  }
}
