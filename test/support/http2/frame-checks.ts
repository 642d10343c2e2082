import { strict as assert } from 'node:assert';
import { FrameReader, type FrameSink } from '../../../lib/http2/frame-reader.ts';
import { ConnectionError, FLAG, FRAME, frameHeader } from '../../../lib/http2/frames.ts';
import { CompressionError, HpackDecoder } from '../../../lib/http2/hpack/decoder.ts';
import { encodeFields } from '../../../lib/http2/hpack/encoder.ts';
import { requestFieldsProblem } from '../../../lib/http2/sound-fields.ts';
import { someSplit } from '../http1/message-maker.ts';

type Random = () => number;

const MAX_FRAME = 16_384;
const MAX_LIST = 20_000;

/** Some frames as a client may send them, latin1. */
export function someFrames(random: Random): string {
  let text = frameHeader(0, FRAME.settings, 0, 0);
  const below = (limit: number): number => Math.floor(random() * limit);
  for (let count = 1 + below(6); count > 0; count -= 1) {
    const id = 1 + 2 * below(4);
    const payload = 'x'.repeat(below(30));
    if (random() < 0.5) {
      const section = encodeFields(someFields(random));
      const indexed =
        random() < 0.3 ? `\x40\x01${'abc'[below(3)]}\x03${payload.slice(0, 3).padEnd(3)}\xbe` : '';
      text +=
        frameHeader(section.length + indexed.length, FRAME.headers, FLAG.endHeaders, id) + section + indexed;
    } else text += frameHeader(payload.length, below(10), below(64), id) + payload;
  }
  return text;
}

function someFields(random: Random): string[] {
  const fields = [':method', 'GET', ':scheme', 'https', ':authority', 'a.example.com', ':path', '/'];
  if (random() < 0.5) fields.push('x-a', 'y'.repeat(Math.floor(random() * 200)));
  return fields;
}

/**
 * However the octets are split, the same frames are read of them and the same fields, or the same error ends both. What
 * is found sound holds nothing that HTTP/1.1 could take for the end of a line. Whether all of it was read.
 */
export function checkFrames(random: Random, bytes: Buffer): boolean {
  const whole = transcript([bytes]);
  assert.deepEqual(transcript(someSplit(random, bytes)), whole);
  return whole.at(-1) === 'end';
}

function transcript(pieces: readonly Buffer[]): string[] {
  const notes = new Transcript();
  const reader = new FrameReader(notes, MAX_FRAME);
  try {
    for (const piece of pieces) reader.read(Buffer.from(piece));
    notes.lines.push('end');
  } catch (error) {
    if (error instanceof ConnectionError) notes.lines.push(`error ${error.code}`);
    else if (error instanceof CompressionError) notes.lines.push('compression error');
    else throw error;
  }
  return notes.lines;
}

class Transcript implements FrameSink {
  readonly lines: string[] = [];
  readonly #decoder = new HpackDecoder(4096, MAX_LIST);
  #data = '';

  dataBegin(id: number, length: number): void {
    this.lines.push(`begin ${id} ${length}`);
  }

  data(_id: number, bytes: Buffer, from: number, to: number): void {
    this.#data += bytes.toString('latin1', from, to);
  }

  dataEnd(id: number, endStream: boolean, length: number): void {
    assert.ok(this.#data.length <= length);
    this.lines.push(`end ${id} ${endStream} ${this.#data}`);
    this.#data = '';
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    this.lines.push(`frame ${type} ${flags} ${id} ${bytes.toString('latin1', from, to)}`);
    if (type !== FRAME.headers) return;
    const fields = this.#decoder.decode(bytes, from, to);
    let size = 0;
    for (let i = 0; i < fields.length; i += 2) size += fields[i]!.length + fields[i + 1]!.length + 32;
    assert.ok(size <= MAX_LIST);
    const problem = requestFieldsProblem(fields);
    if (problem === undefined) assert.ok(!/[\0\r\n]/.test(fields.join('')));
    this.lines.push(`fields ${JSON.stringify(fields)} ${problem}`);
  }
}
