import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type CodecReading, readRequests, readResponses } from '../../support/http1/codec-reading.ts';
import { disagreement } from '../../support/http1/disagreement.ts';
import { mutated, someRequests, someResponse } from '../../support/http1/message-maker.ts';
import {
  type NodeReading,
  NodeRequestReader,
  readResponsesWithNode,
} from '../../support/http1/node-reading.ts';
import { seededRandom } from '../../support/random.ts';

/** More of them: `AGREEMENT_CASES=1000000 AGREEMENT_SEED=2 make test TESTS=...`. */
const CASES = Number(process.env.AGREEMENT_CASES ?? 6_000);
const SEED = Number(process.env.AGREEMENT_SEED ?? 1);

/** The classes that docs/lanes.md lists. */
const DOCUMENTED = documentedClasses();

interface Tally {
  accepted: number;
  readonly refused: Map<string, string>;
}

describe("the codec and node's parser", function () {
  this.timeout(Math.max(60_000, CASES * 2));

  it('read the same requests, or the codec refuses, for a reason that is documented', async () => {
    const node = new NodeRequestReader();
    const random = seededRandom(SEED);
    const tally: Tally = { accepted: 0, refused: new Map() };
    for (let i = 0; i < CASES; i += 1) {
      const text = sometimesMutated(random, someRequests(random));
      const codec = readRequests([Buffer.from(text, 'latin1')]);
      compare(tally, text, codec, await node.read(codec.forNode));
    }
    judge(tally);
  });

  it('read the same responses, or the codec refuses, for a reason that is documented', async () => {
    const random = seededRandom(SEED);
    const tally: Tally = { accepted: 0, refused: new Map() };
    for (let i = 0; i < CASES; i += 1) {
      const text = sometimesMutated(random, someResponse(random));
      const method = random() < 0.2 ? 'HEAD' : 'GET';
      const codec = readResponses([Buffer.from(text, 'latin1')], method);
      compare(tally, text, codec, await readResponsesWithNode(codec.forNode, method));
    }
    judge(tally);
  });

  const DIFFERENT: readonly { name: string; given: string; node: string }[] = [
    {
      name: 'other fields',
      given: 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n',
      node: 'GET /1 HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n',
    },
    {
      name: 'another target',
      given: 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n',
      node: 'GET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
    },
    {
      name: 'another body',
      given: 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na',
      node: 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb',
    },
    {
      name: 'a request more',
      given: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      node: 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    },
    {
      name: 'an error',
      given: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      node: 'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
    },
  ];
  for (const { name, given, node } of DIFFERENT) {
    it(`are seen to differ when node reads ${name}`, async () => {
      const codec = readRequests([Buffer.from(given)]);
      expect(disagreement(codec, await new NodeRequestReader().read(Buffer.from(given)))).to.equal(undefined);
      expect(disagreement(codec, await new NodeRequestReader().read(Buffer.from(node)))).to.be.a('string');
    });
  }
});

function sometimesMutated(random: () => number, text: string): string {
  return random() < 0.7 ? mutated(random, text) : text;
}

function compare(tally: Tally, text: string, codec: CodecReading, node: NodeReading): void {
  const difference = disagreement(codec, node);
  if (difference !== undefined) throw new Error(`${difference}: ${JSON.stringify(text)}`);
  const { messages, outcome } = codec;
  if (messages.length > 0) tally.accepted += 1;
  if (['waiting', 'closed', 'hand-over'].includes(outcome)) return;
  const refused = node.messages[outcome.startsWith('body:') ? messages.length - 1 : messages.length];
  if (refused?.complete) tally.refused.set(outcome, text);
}

function judge({ accepted, refused }: Tally): void {
  expect(accepted, 'sound messages').to.be.greaterThan(CASES / 4);
  for (const [outcome, text] of refused) {
    expect(DOCUMENTED, `${JSON.stringify(text)} is accepted by node`).to.include(outcome);
  }
}

function documentedClasses(): string[] {
  const page = readFileSync(new URL('../../../docs/lanes.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => Array.from(row.split('|')[1]!.matchAll(/`([^`]+)`/g), ([, name]) => name!));
}
