import { expect } from 'chai';
import { ChunkedDecoder } from '../../../lib/http1/chunked-decoder.ts';
import { CHUNK_END, chunkHead, LAST_CHUNK, lastChunk } from '../../../lib/http1/chunked-encoder.ts';

const LIMITS = { maxExtensionBytes: 0, maxTrailerBytes: 1_000, maxTrailerFields: 0 };

describe('the chunked encoder', () => {
  for (const { size, expected } of [
    { size: 1, expected: '1\r\n' },
    { size: 15, expected: 'f\r\n' },
    { size: 16, expected: '10\r\n' },
    { size: 65_536, expected: '10000\r\n' },
    { size: 2 ** 40, expected: '10000000000\r\n' },
  ]) {
    it(`announces ${size} bytes`, () => expect(chunkHead(size)).to.equal(expected));
  }

  it('ends a body without trailers, and with them as they came', () => {
    expect(lastChunk([])).to.equal('0\r\n\r\n');
    expect(lastChunk(['X-Sum', '1', 'x-sum', ''])).to.equal('0\r\nX-Sum: 1\r\nx-sum: \r\n\r\n');
  });

  it('writes what the decoder reads', () => {
    const trailers = ['A', 'b', 'C', ''];
    const pieces = ['a', 'bc'.repeat(500), '\r\n0\r\n\r\n'];
    const body =
      pieces.map((piece) => chunkHead(piece.length) + piece + CHUNK_END).join('') + lastChunk(trailers);
    const bytes = Buffer.from(body, 'latin1');
    const decoder = new ChunkedDecoder(LIMITS);
    let data = '';
    for (let at = 0; at < bytes.length; ) {
      at = decoder.next(bytes, at);
      data += bytes.toString('latin1', decoder.dataStart, decoder.dataEnd);
    }
    expect(data).to.equal(pieces.join(''));
    expect(decoder.done).to.equal(true);
    expect(decoder.trailers).to.deep.equal(trailers);
    expect(LAST_CHUNK).to.equal(lastChunk([]));
  });
});
