/** Frame types (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export const FRAME_HEADER_BYTES = 9;

/** The number of each error (RFC 9113 §7). */
export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
} as const;

export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** What a frame holds until its peer says otherwise. */
export const DEFAULT_MAX_FRAME = 16_384;
export const DEFAULT_WINDOW = 65_535;
/** Of the dynamic table (RFC 9113 §6.5.2). */
export const DEFAULT_TABLE_BYTES = 4_096;
export const LARGEST_WINDOW = 2 ** 31 - 1;
export const LARGEST_STREAM_ID = 2 ** 31 - 1;
export const LARGEST_MAX_FRAME = 2 ** 24 - 1;

/** The connection cannot go on; `code` of RFC 9113 §7. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** The nine octets ahead of a payload, as latin1 text. */
export function frameHeader(length: number, type: number, flags: number, streamId: number): string {
  return String.fromCharCode(
    (length >> 16) & 255,
    (length >> 8) & 255,
    length & 255,
    type,
    flags,
    (streamId >> 24) & 127,
    (streamId >> 16) & 255,
    (streamId >> 8) & 255,
    streamId & 255,
  );
}

/** Four octets, as latin1 text. */
export function uint32(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >> 16) & 255, (value >> 8) & 255, value & 255);
}

/** A field section, in as many frames as it takes. `maxFrame`: the peer's. */
export function headersFrames(streamId: number, block: string, endStream: boolean, maxFrame: number): string {
  const end = endStream ? FLAG.endStream : 0;
  if (block.length <= maxFrame) {
    return frameHeader(block.length, FRAME.headers, end | FLAG.endHeaders, streamId) + block;
  }
  let text = frameHeader(maxFrame, FRAME.headers, end, streamId) + block.slice(0, maxFrame);
  for (let at = maxFrame; at < block.length; at += maxFrame) {
    const piece = block.slice(at, at + maxFrame);
    const flags = at + maxFrame >= block.length ? FLAG.endHeaders : 0;
    text += frameHeader(piece.length, FRAME.continuation, flags, streamId) + piece;
  }
  return text;
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): string {
  let payload = '';
  for (const [id, value] of settings) payload += String.fromCharCode(id >> 8, id & 255) + uint32(value);
  return frameHeader(payload.length, FRAME.settings, 0, 0) + payload;
}

export const SETTINGS_ACK = frameHeader(0, FRAME.settings, FLAG.ack, 0);

export function windowUpdateFrame(streamId: number, bytes: number): string {
  return frameHeader(4, FRAME.windowUpdate, 0, streamId) + uint32(bytes);
}

export function rstStreamFrame(streamId: number, code: number): string {
  return frameHeader(4, FRAME.rstStream, 0, streamId) + uint32(code);
}

export function goawayFrame(lastStreamId: number, code: number): string {
  return frameHeader(8, FRAME.goaway, 0, 0) + uint32(lastStreamId) + uint32(code);
}
