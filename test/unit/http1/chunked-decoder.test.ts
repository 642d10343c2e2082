import { expect } from 'chai';
import { ChunkedDecoder, type ChunkLimits } from '../../../lib/http1/chunked-decoder.ts';

const LIMITS: ChunkLimits = { maxExtensionBytes: 64, maxTrailerBytes: 128, maxTrailerFields: 3 };

interface Decoded {
  readonly data: string;
  readonly done: boolean;
  readonly failed: string | undefined;
  readonly trailers: readonly string[];
  /** Bytes behind the body, or behind the one that made it fail. */
  readonly left: string;
}

function decode(text: string, split = text.length, limits = LIMITS): Decoded {
  const decoder = new ChunkedDecoder(limits);
  const bytes = Buffer.from(text, 'latin1');
  let data = '';
  let from = 0;
  let left = '';
  for (; from < bytes.length; from += split) {
    const piece = bytes.subarray(from, from + split);
    let at = 0;
    while (at < piece.length && !decoder.over) {
      const next = decoder.next(piece, at);
      expect(next, 'progress').to.be.greaterThan(at);
      expect(decoder.dataStart).to.be.within(at, next);
      expect(decoder.dataEnd).to.be.within(decoder.dataStart, next);
      data += piece.toString('latin1', decoder.dataStart, decoder.dataEnd);
      at = next;
    }
    left += piece.toString('latin1', at);
  }
  return { data, done: decoder.done, failed: decoder.failed, trailers: decoder.trailers, left };
}

const SOUND: readonly { name: string; given: string; data: string; trailers?: readonly string[] }[] = [
  { name: 'no data', given: '0\r\n\r\n', data: '' },
  { name: 'a chunk', given: '5\r\nhello\r\n0\r\n\r\n', data: 'hello' },
  { name: 'several chunks', given: '1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n', data: 'abcdef' },
  {
    name: 'sizes in either case',
    given: `a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    data: '01234567890123456789',
  },
  { name: 'sizes of two digits', given: `1F\r\n${'x'.repeat(31)}\r\n0\r\n\r\n`, data: 'x'.repeat(31) },
  { name: 'leading zeros', given: '0003\r\nabc\r\n00\r\n\r\n', data: 'abc' },
  { name: 'data that looks like framing', given: '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n', data: '\r\n0\r\n\r\n' },
  { name: 'data of all bytes', given: '4\r\n\0\xff\r\n\r\n0\r\n\r\n', data: '\0\xff\r\n' },
  {
    name: 'extensions, which are dropped',
    given: '1;a\r\nx\r\n1;a=b;c\r\ny\r\n1;a="b;\\" \t\xe9\\\\";d=1\r\nz\r\n0;last\r\n\r\n',
    data: 'xyz',
  },
  {
    name: 'trailers',
    given: '1\r\nx\r\n0\r\nX-Sum:  1 \r\nx-sum:2\r\nX-Empty:\r\n\r\n',
    data: 'x',
    trailers: ['X-Sum', '1', 'x-sum', '2', 'X-Empty', ''],
  },
  {
    name: 'trailers that no one may pass on, which is not for the decoder to say',
    given: '0\r\nContent-Length: 3\r\nHost: x\r\n\r\n',
    data: '',
    trailers: ['Content-Length', '3', 'Host', 'x'],
  },
];

const WRONG: readonly { name: string; given: string; expect: string }[] = [
  { name: 'a sign', given: '+3\r\nabc\r\n0\r\n\r\n', expect: 'chunk size' },
  { name: 'a negative size', given: '-3\r\nabc\r\n0\r\n\r\n', expect: 'chunk size' },
  { name: '0x', given: '0x3\r\nabc\r\n0\r\n\r\n', expect: 'chunk size' },
  { name: 'a space before the size', given: ' 3\r\nabc\r\n0\r\n\r\n', expect: 'chunk size' },
  { name: 'a space behind the size', given: '3 \r\nabc\r\n0\r\n\r\n', expect: 'chunk size' },
  { name: 'a tab behind the size', given: '3\t\r\nabc\r\n0\r\n\r\n', expect: 'chunk size' },
  { name: 'a space between digits', given: '1 0\r\n', expect: 'chunk size' },
  { name: 'no size', given: '\r\nabc\r\n', expect: 'chunk size' },
  { name: 'only an extension', given: ';a\r\nabc\r\n', expect: 'chunk size' },
  { name: 'a letter that is no digit', given: 'g\r\n', expect: 'chunk size' },
  ...['/', ':', '@', 'G', '`', 'g', '_', '\x10', '\xb0', '\xe1'].map((char) => ({
    name: `${JSON.stringify(char)} for a digit`,
    given: `1${char}\r\n`,
    expect: 'chunk size',
  })),
  { name: 'a size beyond 64 bits', given: 'fffffffffffffffff\r\n', expect: 'chunk size' },
  { name: 'a size beyond what can be counted', given: '20000000000000\r\n', expect: 'chunk size' },
  { name: 'zeros without end', given: '0'.repeat(14), expect: 'chunk size' },
  { name: 'a size ended by LF', given: '3\nabc\r\n', expect: 'line end' },
  { name: 'a size ended by CR', given: '3\rabc\r\n', expect: 'line end' },
  { name: 'data shorter than their size', given: '5\r\nabc\r\n0\r\n\r\n', expect: 'line end' },
  { name: 'data longer than their size', given: '3\r\nabcd\r\n0\r\n\r\n', expect: 'line end' },
  { name: 'data ended by X and LF', given: '3\r\nabcX\n0\r\n\r\n', expect: 'line end' },
  { name: 'data ended by LF', given: '3\r\nabc\n0\r\n\r\n', expect: 'line end' },
  { name: 'data ended by CR', given: '3\r\nabc\r0\r\n\r\n', expect: 'line end' },
  { name: 'bare LF in an extension', given: '3;a\nb\r\nabc\r\n0\r\n\r\n', expect: 'line end' },
  { name: 'bare CR in an extension', given: '3;a\rb\r\nabc\r\n0\r\n\r\n', expect: 'line end' },
  { name: 'bare LF in a quoted extension', given: '3;a="\n"\r\nabc\r\n', expect: 'line end' },
  { name: 'an open quote', given: '3;a="b\r\nabc\r\n', expect: 'line end' },
  ...['; a', ';a =b', ';a= b', ' ;a', ';a b'].map((extension) => ({
    name: `blanks in the extension ${JSON.stringify(extension)}`,
    given: `3${extension}\r\nabc\r\n`,
    expect: extension.startsWith(' ') ? 'chunk size' : 'chunk extension',
  })),
  ...[';', ';a=', ';a;'].map((extension) => ({
    name: `the cut extension ${extension}`,
    given: `3${extension}\r\nabc\r\n`,
    expect: 'line end',
  })),
  ...[';=b', ';;', ';\xe9', ';a="b"c', ';a="\0"', ';a="\\\x7f"', ';a=b=c', ';"a"'].map((extension) => ({
    name: `the extension ${JSON.stringify(extension)}`,
    given: `3${extension}\r\nabc\r\n`,
    expect: 'chunk extension',
  })),
  { name: 'an extension without end', given: `3;${'a'.repeat(64)}`, expect: 'chunk extension size' },
  { name: 'a quoted extension without end', given: `3;a="${'b'.repeat(64)}`, expect: 'chunk extension size' },
  { name: 'a blank in a trailer name', given: '0\r\nA b: c\r\n\r\n', expect: 'trailer' },
  { name: 'a trailer without a colon', given: '0\r\nAb\r\n\r\n', expect: 'trailer' },
  { name: 'a control byte in a trailer', given: '0\r\nA: \x01\r\n\r\n', expect: 'trailer' },
  { name: 'a folded trailer', given: '0\r\nA: b\r\n c\r\n\r\n', expect: 'trailer' },
  { name: 'LF behind a trailer', given: '0\r\nA: b\n\r\n', expect: 'line end' },
  { name: 'CR in a trailer', given: '0\r\nA: b\rc\r\n\r\n', expect: 'line end' },
  { name: 'LF for the empty line', given: '0\r\n\n', expect: 'line end' },
  { name: 'CR CR LF at the end', given: '0\r\n\r\r\n', expect: 'line end' },
  { name: 'too many trailers', given: `0\r\n${'A: b\r\n'.repeat(4)}\r\n`, expect: 'trailer size' },
  { name: 'a trailer without end', given: `0\r\nA: ${'b'.repeat(200)}`, expect: 'trailer size' },
];

describe('ChunkedDecoder', () => {
  for (const { name, given, data, trailers = [] } of SOUND) {
    it(`decodes ${name}, whatever the split, and leaves what follows`, () => {
      for (let split = 1; split <= given.length + 4; split += 1) {
        const expected = { data, done: true, failed: undefined, trailers, left: 'next' };
        expect(decode(`${given}next`, split), `split ${split}`).to.deep.equal(expected);
      }
    });

    it(`waits for the rest of ${name}`, () => {
      for (let size = 0; size < given.length; size += 1) {
        const { done, failed } = decode(given.slice(0, size), 1);
        expect({ done, failed }, `${size} bytes`).to.deep.equal({ done: false, failed: undefined });
      }
    });
  }

  for (const { name, given, expect: expected } of WRONG) {
    it(`fails on ${name}, whatever the split, and reads no further`, () => {
      const whole = decode(given);
      for (let split = 1; split <= given.length; split += 1) {
        const { done, failed, data, trailers } = decode(given, split);
        expect({ done, failed, data, trailers }, `split ${split}`).to.deep.equal({
          done: false,
          failed: expected,
          data: whole.data,
          trailers: [],
        });
      }
    });
  }

  it('gives data as ranges of the buffer that it was given', () => {
    const decoder = new ChunkedDecoder(LIMITS);
    const bytes = Buffer.from('xx5\r\nhello\r\n');
    expect(decoder.next(bytes, 2)).to.equal(10);
    expect([decoder.dataStart, decoder.dataEnd]).to.deep.equal([5, 10]);
    expect(decoder.next(bytes, 10)).to.equal(12);
    expect(decoder.dataStart).to.equal(decoder.dataEnd);
  });

  it('reads nothing once it is over', () => {
    for (const given of ['0\r\n\r\n', 'x']) {
      const decoder = new ChunkedDecoder(LIMITS);
      const bytes = Buffer.from(`${given}5\r\nhello`);
      const end = decoder.next(bytes, 0);
      expect(decoder.over).to.equal(true);
      expect(decoder.next(bytes, end)).to.equal(end);
      expect(decoder.dataStart).to.equal(decoder.dataEnd);
    }
  });

  it('bounds the extensions of a chunk, not those of a body: streams that sign each chunk go on for ever', () => {
    const chunk = `1;${'a'.repeat(60)}\r\nx\r\n`;
    expect(decode(`${chunk.repeat(1_000)}0\r\n\r\n`)).to.deep.include({
      done: true,
      data: 'x'.repeat(1_000),
    });
  });

  it('lets trailers through that just fit', () => {
    const limits = { ...LIMITS, maxTrailerBytes: 'A: bcd\r\n'.length };
    expect(decode('0\r\nA: bcd\r\n\r\n', 1, limits)).to.deep.include({ done: true, trailers: ['A', 'bcd'] });
    expect(decode('0\r\nA: bcde\r\n\r\n', 1, limits).failed).to.equal('trailer size');
    expect(decode('0\r\nA: bcde\r\n\r\n', 99, limits).failed).to.equal('trailer size');
    expect(decode('0\r\n\r\n', 1, { ...LIMITS, maxTrailerBytes: 0 }).done).to.equal(true);
  });
});
