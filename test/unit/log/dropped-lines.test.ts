import { expect } from 'chai';
import { DroppedLines } from '../../../lib/log/dropped-lines.ts';
import { recordingLogger } from '../../support/recording-logger.ts';
import { until } from '../../support/until.ts';

const NEVER_MS = 2 ** 31 - 1;

describe('DroppedLines', () => {
  it('says at once, when asked to, what was not said yet', () => {
    const logger = recordingLogger();
    const dropped = new DroppedLines(logger, { file: '/log' }, NEVER_MS);
    dropped.add(1);
    dropped.add(2);
    dropped.report();
    dropped.report();
    dropped.add(4);
    dropped.report();
    expect(dropped.total).to.equal(7);
    expect(logger.lines.map(({ level, message, data }) => ({ level, message, data }))).to.deep.equal([
      { level: 'warn', message: 'access-log-lines-dropped', data: { dropped: 3, total: 3, file: '/log' } },
      { level: 'warn', message: 'access-log-lines-dropped', data: { dropped: 4, total: 7, file: '/log' } },
    ]);
  });

  it('says what came together by itself, in one line each time', async () => {
    const logger = recordingLogger();
    const dropped = new DroppedLines(logger, {}, 1);
    dropped.add(1);
    dropped.add(1);
    await until(() => logger.lines.length === 1);
    dropped.add(1);
    await until(() => logger.lines.length === 2);
    expect(logger.lines.map(({ data }) => data)).to.deep.equal([
      { dropped: 2, total: 2 },
      { dropped: 1, total: 3 },
    ]);
  });

  it('says nothing of nothing', () => {
    const logger = recordingLogger();
    const dropped = new DroppedLines(logger, {}, NEVER_MS);
    dropped.add(0);
    dropped.report();
    expect(logger.lines).to.deep.equal([]);
  });
});
