import { expect } from 'chai';
import { checkChunks, checkRequests, checkResponses } from '../../support/http1/checks.ts';
import { mutated, someChunks, someRequests, someResponse } from '../../support/http1/message-maker.ts';
import { NodeRequestReader } from '../../support/http1/node-reading.ts';
import { seededRandom } from '../../support/random.ts';

const SEED = 3;
const CASES = 1_500;

type Random = () => number;
type Check = (random: Random, bytes: Buffer) => Promise<boolean>;

/** How many of the messages were accepted. */
async function run(make: (random: Random) => string, check: Check): Promise<number> {
  const random = seededRandom(SEED);
  let accepted = 0;
  for (let i = 0; i < CASES; i += 1) {
    const text = random() < 0.3 ? make(random) : mutated(random, make(random));
    if (await check(random, Buffer.from(text, 'latin1'))) accepted += 1;
  }
  return accepted;
}

/** The same checks as scripts/fuzz/, for a moment. */
describe('what holds for any bytes', () => {
  const node = new NodeRequestReader();

  it('holds for requests', async () => {
    const accepted = await run(someRequests, (random, bytes) => checkRequests(random, bytes, node));
    expect(accepted).to.be.greaterThan(CASES / 4);
  });

  it('holds for responses', async () => {
    expect(await run(someResponse, checkResponses)).to.be.greaterThan(CASES / 4);
  });

  /** What runs of scripts/fuzz/ have found. */
  const FOUND = ['HTTP/1.0 100 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'];
  for (const found of FOUND) {
    it(`holds for ${JSON.stringify(found)}`, async () => {
      expect(await checkResponses(seededRandom(SEED), Buffer.from(found, 'latin1'))).to.equal(true);
    });
  }

  it('holds for chunked bodies', async () => {
    const accepted = await run(someChunks, (random, bytes) => checkChunks(random, bytes, node));
    expect(accepted).to.be.greaterThan(CASES / 4);
  });
});
