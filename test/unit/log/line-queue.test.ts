import { expect } from 'chai';
import { DroppedLines } from '../../../lib/log/dropped-lines.ts';
import { LineQueue } from '../../../lib/log/line-queue.ts';
import { seededRandom } from '../../support/random.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

describe('LineQueue', () => {
  it('gives lines back in their order, whole and once, however much waits and in whatever pieces it is written', () => {
    const random = seededRandom(3);
    const queue = new LineQueue(1024 * 1024, new DroppedLines(recordingLogger(), {}));
    const given: string[] = [];
    let written = '';
    for (let round = 0; round < 3_000; round += 1) {
      const lines = Math.floor(random() * 8);
      for (let n = 0; n < lines; n += 1) {
        const line = `${given.length} ${'x'.repeat(Math.floor(random() ** 8 * 200_000))}`;
        if (queue.add(line)) given.push(line);
      }
      while (queue.head !== undefined && queue.bytes > 0 && random() < 0.7) {
        const { bytes, offset, length } = queue.head;
        const piece = Math.ceil(random() * (length - offset));
        written += bytes.toString('latin1', offset, offset + piece);
        queue.wrote(piece);
      }
    }
    for (let { head } = queue; queue.bytes > 0 && head !== undefined; { head } = queue) {
      written += head.bytes.toString('latin1', head.offset, head.length);
      queue.wrote(head.length - head.offset);
    }
    const expected = given.map((line) => `${line}\n`).join('');
    expect(given.length).above(5_000);
    expect(written.length).equal(expected.length);
    expect(written === expected, 'the same bytes').equal(true);
  });
});
