import { expect } from 'chai';
import { EventStream, type StreamEvent } from '../../../lib/route-fetcher/event-stream.ts';

function read(chunks: readonly (string | Uint8Array)[]): StreamEvent[] {
  const stream = new EventStream();
  return chunks.flatMap((chunk) => stream.push(Buffer.from(chunk)));
}

describe('EventStream', () => {
  const CASES: readonly { name: string; text: string; expect: readonly [string, string][] }[] = [
    { name: 'an event', text: 'event: Upsert\ndata: {"a":1}\n\n', expect: [['Upsert', '{"a":1}']] },
    { name: 'fields in any order', text: 'data: x\nid: 7\nevent: Delete\n\n', expect: [['Delete', 'x']] },
    { name: 'no blank behind the colon', text: 'event:Upsert\ndata:x\n\n', expect: [['Upsert', 'x']] },
    { name: 'only one blank is left out', text: 'data:  x\n\n', expect: [['message', ' x']] },
    { name: 'lines of data are joined', text: 'data: a\ndata\ndata: b\n\n', expect: [['message', 'a\n\nb']] },
    { name: 'comments', text: ': hello\ndata: a\n:\n\n: bye\n\n', expect: [['message', 'a']] },
    {
      name: 'an event without data is none',
      text: 'event: Upsert\n\ndata: b\n\n',
      expect: [['message', 'b']],
    },
    { name: 'unknown fields', text: 'retry: 5\nfoo: bar\ndata: a\n\n', expect: [['message', 'a']] },
    { name: 'a part without its end', text: 'data: a\n\ndata: b\n', expect: [['message', 'a']] },
    { name: 'a byte order mark', text: '\uFEFFdata: a\n\n', expect: [['message', 'a']] },
    { name: 'a mark further on is a character', text: 'data: \uFEFFa\n\n', expect: [['message', '\uFEFFa']] },
    {
      name: 'CR',
      text: 'event: e\rdata: a\r\rdata: b\r\r',
      expect: [
        ['e', 'a'],
        ['message', 'b'],
      ],
    },
    {
      name: 'CR LF',
      text: 'event: e\r\ndata: ä\r\n\r\ndata: 🚀\r\n\r\n',
      expect: [
        ['e', 'ä'],
        ['message', '🚀'],
      ],
    },
    {
      name: 'mixed ends of lines',
      text: 'event: e\rdata: a\n\r\ndata: b\r\n\n',
      expect: [
        ['e', 'a'],
        ['message', 'b'],
      ],
    },
  ];
  for (const { name, text, expect: expected } of CASES) {
    const events = expected.map(([event, data]) => ({ name: event, data }));
    it(`reads ${name}`, () => expect(read([text])).to.deep.equal(events));
    it(`reads ${name}, cut at every byte`, () => {
      const bytes = Buffer.from(text);
      expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).to.deep.equal(events);
      for (let at = 0; at <= bytes.length; at += 1) {
        expect(read([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).to.deep.equal(events);
      }
    });
  }

  it('gives up on an event that has no end, in one line or in many', () => {
    expect(() => read(Array(40).fill('x'.repeat(64 * 1024)))).to.throw(RangeError);
    expect(() => read(Array(40).fill(`data: ${'x'.repeat(64 * 1024)}\n`))).to.throw(RangeError);
    const event = `data: ${'x'.repeat(900_000)}\n\n`;
    expect(read([event, event, event])).to.have.lengthOf(3);
  });
});
