import { mutated } from '../../support/http1/message-maker.ts';
import { checkFrames, someFrames } from '../../support/http2/frame-checks.ts';
import { seededRandom } from '../../support/random.ts';

describe('frames and field sections of HTTP/2, mutated', () => {
  it('are read alike however they are split', () => {
    const random = seededRandom(2026);
    let sound = 0;
    for (let i = 0; i < 3_000; i += 1) {
      const text = someFrames(random);
      const bytes = Buffer.from(random() < 0.3 ? text : mutated(random, text), 'latin1');
      if (checkFrames(random, bytes)) sound += 1;
    }
    if (sound < 300) throw new Error(`only ${sound} were sound`);
  });
});
