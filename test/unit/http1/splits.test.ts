import { expect } from 'chai';
import { readRequests, readResponses } from '../../support/http1/codec-reading.ts';
import { mutated, someRequests, someResponse, someSplit } from '../../support/http1/message-maker.ts';
import { seededRandom } from '../../support/random.ts';

const SEED = 7;
const CASES = 3_000;
/** Short enough to be cut at every offset. */
const SHORT = 300;

describe('the codec, however its input is split', () => {
  it('cuts requests into the same messages, at every offset', () => {
    const random = seededRandom(SEED);
    for (let i = 0; i < 300; i += 1) {
      const text = chanceOf(random, 0.5) ? someRequests(random) : mutated(random, someRequests(random));
      if (text.length > SHORT) continue;
      const bytes = Buffer.from(text, 'latin1');
      const whole = readRequests([bytes]);
      for (let at = 1; at < bytes.length; at += 1) {
        const cut = readRequests([bytes.subarray(0, at), bytes.subarray(at)]);
        expect(cut, `${JSON.stringify(text)} cut at ${at}`).to.deep.equal(whole);
      }
    }
  });

  it('cuts requests into the same messages, sound or not, in any number of pieces', () => {
    const random = seededRandom(SEED);
    for (let i = 0; i < CASES; i += 1) {
      const text = mutated(random, someRequests(random));
      const bytes = Buffer.from(text, 'latin1');
      expect(readRequests(someSplit(random, bytes)), JSON.stringify(text)).to.deep.equal(
        readRequests([bytes]),
      );
    }
  });

  it('cuts responses into the same messages, sound or not, in any number of pieces', () => {
    const random = seededRandom(SEED);
    for (let i = 0; i < CASES; i += 1) {
      const text = mutated(random, someResponse(random));
      const bytes = Buffer.from(text, 'latin1');
      const method = chanceOf(random, 0.2) ? 'HEAD' : 'GET';
      const whole = readResponses([bytes], method);
      expect(readResponses(someSplit(random, bytes), method), JSON.stringify(text)).to.deep.equal(whole);
    }
  });

  it('has something to cut: most messages are sound', () => {
    const random = seededRandom(SEED);
    let sound = 0;
    for (let i = 0; i < 500; i += 1) {
      if (readRequests([Buffer.from(someRequests(random), 'latin1')]).messages.length > 0) sound += 1;
    }
    expect(sound).to.be.greaterThan(300);
  });
});

function chanceOf(random: () => number, probability: number): boolean {
  return random() < probability;
}
