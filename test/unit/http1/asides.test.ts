import { expect } from 'chai';
import { linesText, type ReceivedHead } from '../../../lib/http1/lines-text.ts';
import { parseRequest } from '../../../lib/http1/parse-request.ts';
import { parseResponse } from '../../../lib/http1/parse-response.ts';
import { mutated, someRequests, someResponse } from '../../support/http1/message-maker.ts';
import { seededRandom } from '../../support/random.ts';

const LIMITS = { maxBytes: 0, maxFields: 0 };
const ROUNDS = 20_000;
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const plainLines = (headers: readonly string[]): string => linesText(headers);

/** Where the parser says nothing of a head, or what is true. */
function expectTrueText({ headers, text, fieldsAt }: ReceivedHead, head: string): void {
  expect(text).to.equal(head);
  if (fieldsAt !== -1) expect(text.slice(fieldsAt)).to.equal(`${plainLines(headers)}\r\n`);
}

describe('what a parser tells of a head by the way', () => {
  const requests = [
    { name: 'nothing odd', target: '/a/b?c=d', value: 'curl/8.5 (x)', is: [true, true, true] },
    { name: 'a quote in a value', target: '/', value: 'a"b', is: [true, false, true] },
    { name: 'a backslash in a value', target: '/', value: 'a\\b', is: [true, false, true] },
    { name: 'a raw byte in a value', target: '/', value: 'a\xe9', is: [true, false, true] },
    { name: 'HTAB in a value', target: '/', value: 'a\tb', is: [true, false, true] },
    { name: 'a quote in the target', target: '/"', value: 'a', is: [false, true, true] },
    { name: 'a fragment in the target', target: '/#a', value: 'a', is: [false, true, true] },
    { name: 'a raw byte in the target', target: '/\xe9', value: 'a', is: [false, true, true] },
    { name: 'another form of the target', target: 'http://a/', value: 'a', is: [false, true, true] },
    { name: 'two blanks ahead of a value', target: '/', value: ' a', is: [true, true, false] },
    { name: 'a blank behind a value', target: '/', value: 'a ', is: [true, true, false] },
    { name: 'HTAB behind a value', target: '/', value: 'a\t', is: [true, false, false] },
  ] as const;
  for (const { name, target, value, is } of requests) {
    it(`is right about ${name}`, () => {
      const head = `GET ${target} HTTP/1.1\r\nHost: a.test\r\nX-Odd: ${value}\r\n\r\n`;
      const parsed = parseRequest(bytesOf(head), 0, LIMITS);
      if (parsed.kind !== 'request') throw new Error(parsed.kind);
      const { targetIsPlain, valuesArePlain, fieldsAt } = parsed;
      expect([targetIsPlain, valuesArePlain, fieldsAt !== -1]).to.deep.equal(is);
      expectTrueText(parsed, head);
    });
  }

  it('does not take a tab, or nothing, for the blank behind a colon', () => {
    for (const line of ['X-Odd:\ta', 'X-Odd:a', 'X-Odd:']) {
      const parsed = parseRequest(bytesOf(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`), 0, LIMITS);
      expect(parsed).to.include({ kind: 'request', fieldsAt: -1 });
    }
  });

  it('is true of whatever is accepted', () => {
    const random = seededRandom(7);
    let requestsSeen = 0;
    let responsesSeen = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const request = bytesOf(mutated(random, someRequests(random)));
      const parsed = parseRequest(request, 0, LIMITS);
      if (parsed.kind === 'request') {
        requestsSeen += 1;
        const from = request[0] === 13 ? 2 : 0;
        expectTrueText(parsed, request.toString('latin1', from, parsed.end));
        if (parsed.targetIsPlain) expect(parsed.target).to.match(/^\/[!$-;=?-[\]_a-z~]*$/);
        if (parsed.valuesArePlain) {
          for (let i = 1; i < parsed.headers.length; i += 2)
            expect(parsed.headers[i]).to.match(/^[ !#-[\]-~]*$/);
        }
      }
      const response = bytesOf(mutated(random, someResponse(random)));
      const answered = parseResponse(response, 0, 'GET', LIMITS);
      if (answered.kind === 'response') {
        responsesSeen += 1;
        expectTrueText(answered, response.toString('latin1', 0, answered.end));
      }
    }
    expect(requestsSeen).to.be.above(ROUNDS / 10);
    expect(responsesSeen).to.be.above(ROUNDS / 10);
  });
});

describe('linesText', () => {
  const RAW = ['A', '1', 'B', '2', 'B', '2', 'C', '3', 'D', '4'];
  const received: ReceivedHead = {
    headers: RAW,
    text: `GET / HTTP/1.1\r\n${plainLines(RAW)}\r\n`,
    fieldsAt: 'GET / HTTP/1.1\r\n'.length,
  };
  const cases = [
    { name: 'all', headers: RAW },
    { name: 'none', headers: [] },
    { name: 'the first gone', headers: RAW.slice(2) },
    { name: 'the last gone', headers: RAW.slice(0, -2) },
    { name: 'one in the middle gone', headers: ['A', '1', 'B', '2', 'C', '3', 'D', '4'] },
    { name: 'one in the middle changed', headers: ['A', '1', 'B', '9', 'B', '2', 'C', '3', 'D', '4'] },
    { name: 'the first changed', headers: ['A', '9', ...RAW.slice(2)] },
    { name: 'one in front', headers: ['Z', '0', ...RAW] },
    { name: 'some behind', headers: [...RAW, 'X', '1', 'Y', '2'] },
    { name: 'one from before again', headers: [...RAW, 'A', '1'] },
    { name: 'another order', headers: ['D', '4', 'A', '1'] },
    { name: 'nothing of it', headers: ['X', '1', 'Y', '2'] },
  ];
  for (const { name, headers } of cases) {
    it(`writes ${name}, with what was received or without`, () => {
      expect(linesText(headers, received)).to.equal(plainLines(headers));
      expect(linesText(headers, received, 0)).to.equal(`GET / HTTP/1.1\r\n${plainLines(headers)}`);
      expect(linesText(headers, { ...received, fieldsAt: -1 })).to.equal(plainLines(headers));
    });
  }

  it('looks for few lines in vain, and writes the rest as they are', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => ['Trailer', `x${i}`]).flat();
    let looks = 0;
    const counted = new Proxy(many, {
      get: (target, name, receiver) => {
        looks += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    const text = `HTTP/1.1 200 OK\r\n${plainLines(many)}\r\n`;
    const changed = many.map((part, i) => (i % 2 === 0 ? part : `${part},y`));
    const all = [...changed, ...many];
    const written = linesText(all, { headers: counted, text, fieldsAt: 17 });
    expect(written === plainLines(all), 'the same bytes').equal(true);
    expect(looks).below(20 * 8 * many.length);
  });

  it('writes the same, however many lines go, come or change', () => {
    const random = seededRandom(11);
    for (let round = 0; round < ROUNDS; round += 1) {
      const headers: string[] = [];
      for (let i = 0; i < RAW.length; i += 2) {
        if (random() < 0.2) headers.push('X', String(i));
        if (random() < 0.8) headers.push(RAW[i]!, random() < 0.2 ? 'other' : RAW[i + 1]!);
      }
      expect(linesText(headers, received)).to.equal(plainLines(headers));
    }
  });
});
