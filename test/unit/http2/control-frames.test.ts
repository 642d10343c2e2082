import { expect } from 'chai';
import { checkControlFrame, peerSettings } from '../../../lib/http2/control-frames.ts';
import { ConnectionError, ERROR, FLAG, FRAME } from '../../../lib/http2/frames.ts';

describe('control frames of HTTP/2', () => {
  const SOUND: readonly (readonly [type: keyof typeof FRAME, flags: number, id: number, length: number])[] = [
    ['priority', 0, 1, 5],
    ['rstStream', 0, 1, 4],
    ['settings', 0, 0, 0],
    ['settings', 0, 0, 12],
    ['settings', FLAG.ack, 0, 0],
    ['ping', 0, 0, 8],
    ['goaway', 0, 0, 8],
    ['goaway', 0, 0, 100],
    ['windowUpdate', 0, 0, 4],
    ['windowUpdate', 0, 1, 4],
  ];
  for (const [type, flags, id, length] of SOUND) {
    it(`may be ${type} of ${length} octets on stream ${id}`, () => {
      checkControlFrame(FRAME[type], flags, id, length);
    });
  }

  const WRONG: readonly (readonly [
    type: keyof typeof FRAME,
    flags: number,
    id: number,
    length: number,
    error: keyof typeof ERROR,
  ])[] = [
    ['priority', 0, 0, 5, 'protocol'],
    ['priority', 0, 1, 4, 'frameSize'],
    ['rstStream', 0, 0, 4, 'protocol'],
    ['rstStream', 0, 1, 5, 'frameSize'],
    ['settings', 0, 1, 6, 'protocol'],
    ['settings', 0, 0, 7, 'frameSize'],
    ['settings', FLAG.ack, 0, 6, 'frameSize'],
    ['pushPromise', 0, 1, 10, 'protocol'],
    ['ping', 0, 1, 8, 'protocol'],
    ['ping', 0, 0, 7, 'frameSize'],
    ['goaway', 0, 1, 8, 'protocol'],
    ['goaway', 0, 0, 7, 'frameSize'],
    ['windowUpdate', 0, 1, 3, 'frameSize'],
  ];
  for (const [type, flags, id, length, error] of WRONG) {
    it(`are not ${type} of ${length} octets on stream ${id}, flags ${flags}`, () => {
      expect(() => checkControlFrame(FRAME[type], flags, id, length))
        .to.throw(ConnectionError)
        .with.property('code', ERROR[error]);
    });
  }

  it('of unknown types may be anything', () => checkControlFrame(200, 255, 7, 12));

  function settings(...pairs: readonly (readonly [id: number, value: number])[]) {
    const bytes = Buffer.alloc(pairs.length * 6 + 1);
    pairs.forEach(([id, value], i) => {
      bytes.writeUInt16BE(id, i * 6 + 1);
      bytes.writeUInt32BE(value, i * 6 + 3);
    });
    return peerSettings(bytes, 1, bytes.length);
  }

  it('say how much the peer takes', () => {
    expect(settings()).to.deep.equal({ initialWindowSize: undefined, maxFrameSize: undefined });
    expect(
      settings([4, 0], [5, 16_777_215], [1, 0], [2, 1], [3, 7], [6, 9], [99, 1], [4, 2 ** 31 - 1]),
    ).to.deep.equal({
      initialWindowSize: 2 ** 31 - 1,
      maxFrameSize: 16_777_215,
    });
  });

  for (const [id, value, error] of [
    [2, 2, 'protocol'],
    [4, 2 ** 31, 'flowControl'],
    [5, 16_383, 'protocol'],
    [5, 16_777_216, 'protocol'],
  ] as const) {
    it(`do not say ${value} for setting ${id}`, () => {
      expect(() => settings([id, value]))
        .to.throw(ConnectionError)
        .with.property('code', ERROR[error]);
    });
  }
});
