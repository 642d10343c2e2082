import { expect } from 'chai';
import { FrameReader, type FrameSink } from '../../../lib/http2/frame-reader.ts';
import { ConnectionError, FLAG, FRAME, frameHeader, headersFrames } from '../../../lib/http2/frames.ts';

const MAX_FRAME = 16_384;

/** Writes down what it is told; DATA in pieces as one. */
class Notes implements FrameSink {
  readonly lines: string[] = [];
  #data = '';

  dataBegin(id: number, length: number): void {
    this.lines.push(`data begin ${id} ${length}`);
  }

  data(_id: number, bytes: Buffer, from: number, to: number): void {
    this.#data += bytes.toString('latin1', from, to);
  }

  dataEnd(id: number, endStream: boolean, length: number): void {
    this.lines.push(`data end ${id} ${endStream} ${length} '${this.#data}'`);
    this.#data = '';
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    this.lines.push(`frame ${type} ${flags} ${id} '${bytes.toString('latin1', from, to)}'`);
  }
}

function frame(type: number, flags: number, id: number, payload: string): string {
  return frameHeader(payload.length, type, flags, id) + payload;
}

const STREAM = [
  frame(FRAME.settings, 0, 0, ''),
  frame(FRAME.headers, FLAG.endHeaders, 1, 'section'),
  frame(FRAME.data, 0, 1, 'some data'),
  frame(FRAME.data, 0, 1, ''),
  frame(FRAME.data, FLAG.padded, 1, '\x03padded...'),
  frame(FRAME.data, FLAG.padded | FLAG.endStream, 1, '\x00'),
  frame(FRAME.ping, 0, 0, '12345678'),
  frame(0xfe, 255, 0x7fffffff, 'unknown'),
].join('');

const TOLD = [
  `frame 4 0 0 ''`,
  `frame 1 4 1 'section'`,
  'data begin 1 9',
  `data end 1 false 9 'some data'`,
  'data begin 1 0',
  `data end 1 false 0 ''`,
  'data begin 1 10',
  `data end 1 false 10 'padded'`,
  'data begin 1 1',
  `data end 1 true 1 ''`,
  `frame 6 0 0 '12345678'`,
  `frame 254 255 2147483647 'unknown'`,
];

describe('frames of HTTP/2', () => {
  function read(pieces: readonly string[], maxFrame = MAX_FRAME): string[] {
    const notes = new Notes();
    const reader = new FrameReader(notes, maxFrame);
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, 'latin1');
      reader.read(bytes);
      bytes.fill(0x78); // nothing of it may be kept
    }
    return notes.lines;
  }

  it('are cut from one buffer', () => expect(read([STREAM])).to.deep.equal(TOLD));

  it('are cut from buffers split at every octet', () => {
    for (let at = 1; at < STREAM.length; at += 1) {
      expect(read([STREAM.slice(0, at), STREAM.slice(at)]), `split at ${at}`).to.deep.equal(TOLD);
    }
  });

  it('are cut from single octets', () => expect(read([...STREAM])).to.deep.equal(TOLD));

  it('are no longer than was announced', () => {
    const long = frameHeader(MAX_FRAME + 1, FRAME.headers, 0, 1);
    expect(() => read([long]))
      .to.throw(ConnectionError)
      .with.property('code', 6);
    expect(() => read([...long]))
      .to.throw(ConnectionError)
      .with.property('code', 6);
  });

  it('of DATA belong to a stream', () => {
    expect(() => read([frame(FRAME.data, 0, 0, 'x')]))
      .to.throw(ConnectionError)
      .with.property('code', 1);
  });

  it('of DATA have no more padding than payload', () => {
    expect(() => read([frame(FRAME.data, FLAG.padded, 1, '\x05abcd')]))
      .to.throw(ConnectionError)
      .with.property('code', 1);
    expect(() => read([frame(FRAME.data, FLAG.padded, 1, '')]))
      .to.throw(ConnectionError)
      .with.property('code', 6);
  });

  it('take no room that was only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const reader = new FrameReader(new Notes(), 1 << 20);
      reader.read(Buffer.from(`${frameHeader(1 << 20, FRAME.headers, 0, 1)}x`, 'latin1'));
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(1 << 20);
    expect(readers).to.have.length(100);
  });

  it('of a long field section are as long as the peer takes them', () => {
    const block = 'x'.repeat(2_500);
    const told = read([headersFrames(3, block, true, 1_000)]);
    expect(told).to.deep.equal([
      `frame 1 1 3 '${'x'.repeat(1_000)}'`,
      `frame 9 0 3 '${'x'.repeat(1_000)}'`,
      `frame 9 4 3 '${'x'.repeat(500)}'`,
    ]);
    expect(read([headersFrames(3, 'abc', false, 1_000)])).to.deep.equal([`frame 1 4 3 'abc'`]);
  });
});
