import { expect } from 'chai';
import { CompressionError, HpackDecoder } from '../../../lib/http2/hpack/decoder.ts';
import { encodeFields } from '../../../lib/http2/hpack/encoder.ts';
import { decodeHuffman } from '../../../lib/http2/hpack/huffman.ts';
import { CODE_LENGTHS } from '../../../lib/http2/hpack/huffman-lengths.ts';

const TABLE = 4096;
const LIST = 65_536;

function decoded(decoder: HpackDecoder, hex: string): string[] {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(bytes, 0, bytes.length);
}

/** What RFC 7541 appendix C shows. */
const EXAMPLES: readonly {
  readonly name: string;
  readonly table: number;
  readonly sections: readonly (readonly [hex: string, fields: readonly string[]])[];
}[] = [
  {
    name: 'C.2, literals and an index',
    table: TABLE,
    sections: [
      ['400a637573746f6d2d6b65790d637573746f6d2d686561646572', ['custom-key', 'custom-header']],
      ['040c2f73616d706c652f70617468', [':path', '/sample/path']],
      ['100870617373776f726406736563726574', ['password', 'secret']],
      ['82', [':method', 'GET']],
    ],
  },
  {
    name: 'C.3, requests without Huffman code',
    table: TABLE,
    sections: [
      [
        '828684410f7777772e6578616d706c652e636f6d',
        [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
      ],
      [
        '828684be58086e6f2d6361636865',
        [
          ...[':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
          ...['cache-control', 'no-cache'],
        ],
      ],
      [
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        [
          ...[':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'],
          ...['custom-key', 'custom-value'],
        ],
      ],
    ],
  },
  {
    name: 'C.4, requests with Huffman code',
    table: TABLE,
    sections: [
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
      ],
      [
        '828684be5886a8eb10649cbf',
        [
          ...[':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
          ...['cache-control', 'no-cache'],
        ],
      ],
      [
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
        [
          ...[':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'],
          ...['custom-key', 'custom-value'],
        ],
      ],
    ],
  },
  {
    name: 'C.5, answers from a table of 256 octets, which evicts',
    table: 256,
    sections: [
      [
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        [
          ...[':status', '302', 'cache-control', 'private'],
          ...['date', 'Mon, 21 Oct 2013 20:13:21 GMT', 'location', 'https://www.example.com'],
        ],
      ],
      [
        '4803333037c1c0bf',
        [
          ...[':status', '307', 'cache-control', 'private'],
          ...['date', 'Mon, 21 Oct 2013 20:13:21 GMT', 'location', 'https://www.example.com'],
        ],
      ],
    ],
  },
];

describe('HPACK', () => {
  for (const { name, table, sections } of EXAMPLES) {
    it(`reads the examples of RFC 7541 ${name}`, () => {
      const decoder = new HpackDecoder(table, LIST);
      for (const [hex, fields] of sections) expect(decoded(decoder, hex)).to.deep.equal(fields);
    });
  }

  const BROKEN: Readonly<Record<string, string>> = {
    'index 0': '80',
    'an index beyond the tables': 'be',
    'a name beyond the tables': '7f00 00',
    'a string that is cut off': '000a6162',
    'a length that is cut off': '00',
    'an integer that is cut off': 'ff80',
    'an integer without end': 'ffffffffffffffffff00',
    'a table larger than allowed': '3fe2ffff03',
    'a table size behind a field': '823f01',
    'a Huffman code of EOS': '0001 61 84ffffffff',
    'padding of eight bits': '0001 61 82 1fff',
    'padding that is no ones': '0001 61 81 18',
  };
  for (const [name, hex] of Object.entries(BROKEN)) {
    it(`does not take ${name}`, () => {
      expect(() => decoded(new HpackDecoder(TABLE, LIST), hex)).to.throw(CompressionError);
    });
  }

  it('goes on after a section that is larger than the list may be, with its table in step', () => {
    const decoder = new HpackDecoder(TABLE, 100);
    const big = 'b'.repeat(80);
    const first = Buffer.from(`\x40\x01a\x01c\x40\x01b\x50${big}`, 'latin1');
    expect(decoder.decode(first, 0, first.length)).to.deep.equal(['a', 'c']);
    expect(decoder.exceeded).to.equal(true);
    expect(decoded(decoder, 'bf')).to.deep.equal(['a', 'c']);
    expect(decoder.exceeded).to.equal(false);
  });

  it('counts a field that is named again and again each time', () => {
    const decoder = new HpackDecoder(TABLE, LIST);
    const section = Buffer.concat([
      Buffer.from(`\x40\x01a\x7f\xa1\x1e${'b'.repeat(4_000)}`, 'latin1'),
      Buffer.alloc(10_000, 0xbe),
    ]);
    const fields = decoder.decode(section, 0, section.length);
    expect(decoder.exceeded).to.equal(true);
    expect(fields.length).to.equal(2 * Math.floor(LIST / (4_000 + 1 + 32)));
  });

  it('forgets the oldest fields first when the table shrinks', () => {
    const decoder = new HpackDecoder(TABLE, LIST);
    decoded(decoder, '40016101 31'.replaceAll(' ', ''));
    decoded(decoder, '4001620132');
    expect(decoded(decoder, 'bebf')).to.deep.equal(['b', '2', 'a', '1']);
    // 40 octets: room for one of 34.
    expect(decoded(decoder, '3f09be')).to.deep.equal(['b', '2']);
    expect(() => decoded(decoder, 'bf')).to.throw(CompressionError);
  });

  it('has a code of which every sequence of bits is read in one way', () => {
    expect(CODE_LENGTHS.length).to.equal(257);
    expect(CODE_LENGTHS.reduce((sum, bits) => sum + 2 ** -bits, 0)).to.equal(1);
  });

  it('reads back every byte in Huffman code, alone and next to every other', () => {
    for (let a = 0; a < 256; a += 1) {
      const pairs = [[a], [a, 255 - a], [a, 48, a]];
      for (const symbols of pairs) {
        const bytes = huffman(symbols);
        expect(decodeHuffman(bytes, 0, bytes.length)).to.equal(String.fromCharCode(...symbols));
      }
    }
  });

  it('writes what it reads', () => {
    const fields = [
      ...[':status', '200', ':status', '418', 'content-type', 'text/html', 'x-own', 'a\xe9'],
      ...['set-cookie', 'c'.repeat(200), 'x-long', 'd'.repeat(20_000), 'x-empty', ''],
    ];
    for (let i = 0; i < 2; i += 1) {
      const bytes = Buffer.from(encodeFields(fields), 'latin1');
      expect(new HpackDecoder(TABLE, LIST).decode(bytes, 0, bytes.length)).to.deep.equal(fields);
    }
  });
});

/** An encoder of its own: codes are given in the order of their lengths, then of the bytes. */
function huffman(symbols: readonly number[]): Buffer {
  const order = CODE_LENGTHS.map((_, symbol) => symbol).sort(
    (a, b) => CODE_LENGTHS[a]! - CODE_LENGTHS[b]! || a - b,
  );
  let code = 0n;
  let length = 0;
  const codes: string[] = [];
  for (const symbol of order) {
    code <<= BigInt(CODE_LENGTHS[symbol]! - length);
    length = CODE_LENGTHS[symbol]!;
    codes[symbol] = code.toString(2).padStart(length, '0');
    code += 1n;
  }
  let bits = symbols.map((symbol) => codes[symbol]).join('');
  while (bits.length % 8 !== 0) bits += '1';
  return Buffer.from(bits.match(/.{8}/g)!.map((octet) => Number.parseInt(octet, 2)));
}
