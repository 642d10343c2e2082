import {
  ConnectionError,
  DEFAULT_MAX_FRAME,
  ERROR,
  FLAG,
  FRAME,
  LARGEST_MAX_FRAME,
  LARGEST_WINDOW,
  SETTING,
} from './frames.ts';

/** Whether a type of frame is about one stream, about the connection, or either (RFC 9113 §6). */
const ABOUT: Readonly<Record<number, 'stream' | 'connection'>> = {
  [FRAME.priority]: 'stream',
  [FRAME.rstStream]: 'stream',
  [FRAME.settings]: 'connection',
  [FRAME.ping]: 'connection',
  [FRAME.goaway]: 'connection',
};

const LENGTHS: Readonly<Record<number, number>> = {
  [FRAME.priority]: 5,
  [FRAME.rstStream]: 4,
  [FRAME.ping]: 8,
  [FRAME.windowUpdate]: 4,
};

const NAMES = new Map<number, string>(Object.entries(FRAME).map(([name, type]) => [type, name]));

/** Throws ConnectionError when a frame other than DATA, HEADERS and CONTINUATION is none that a client may send. */
export function checkControlFrame(type: number, flags: number, id: number, length: number): void {
  const name = NAMES.get(type) ?? '';
  if (type === FRAME.pushPromise) throw new ConnectionError(ERROR.protocol, `${name} of a client`);
  const about = ABOUT[type];
  if (about !== undefined && (id === 0) !== (about === 'connection')) {
    throw new ConnectionError(ERROR.protocol, `${name} on stream ${id}`);
  }
  const expected = LENGTHS[type];
  const wrong =
    (expected !== undefined && length !== expected) ||
    (type === FRAME.settings && ((flags & FLAG.ack) === 0 ? length % 6 !== 0 : length !== 0)) ||
    (type === FRAME.goaway && length < 8);
  if (wrong) throw new ConnectionError(ERROR.frameSize, `${name} of ${length} octets`);
}

/** What a peer says of itself, as far as a server acts on it; undefined = not said. */
export interface PeerSettings {
  readonly initialWindowSize: number | undefined;
  readonly maxFrameSize: number | undefined;
}

/** Reads the payload of SETTINGS (RFC 9113 §6.5). Of one said twice, the last counts. Throws ConnectionError. */
export function peerSettings(bytes: Buffer, from: number, to: number): PeerSettings {
  let initialWindowSize: number | undefined;
  let maxFrameSize: number | undefined;
  for (let at = from; at < to; at += 6) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case SETTING.enablePush:
        if (value > 1) throw new ConnectionError(ERROR.protocol, `ENABLE_PUSH ${value}`);
        break;
      case SETTING.initialWindowSize:
        if (value > LARGEST_WINDOW)
          throw new ConnectionError(ERROR.flowControl, `INITIAL_WINDOW_SIZE ${value}`);
        initialWindowSize = value;
        break;
      case SETTING.maxFrameSize:
        if (value < DEFAULT_MAX_FRAME || value > LARGEST_MAX_FRAME) {
          throw new ConnectionError(ERROR.protocol, `MAX_FRAME_SIZE ${value}`);
        }
        maxFrameSize = value;
        break;
      default: // nothing that we do depends on it
    }
  }
  return { initialWindowSize, maxFrameSize };
}
