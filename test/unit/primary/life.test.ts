import { expect } from 'chai';
import { Life, type LifeDeps } from '../../../lib/primary/life.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

function aLife(given: Partial<LifeDeps> = {}) {
  const did: string[] = [];
  const logger = recordingLogger();
  const workers = {
    listening: 2,
    drain: async (timeoutMs: number) => {
      did.push(`drain ${timeoutMs}`);
    },
    cut: () => did.push('cut'),
  };
  const life = new Life({
    drainTimes: { waitMs: 20, timeoutMs: 900 },
    logger,
    now: () => 0,
    pause: (ms, signal) =>
      new Promise((resolve) => {
        did.push(`pause ${ms}`);
        signal.addEventListener('abort', () => resolve());
      }),
    workers,
    onHealth: (healthy) => did.push(healthy ? 'healthy' : 'unhealthy'),
    finish: [() => did.push('finish')],
    exit: (code) => did.push(`exit ${code}`),
    ...given,
  });
  return { life, did, workers, logger };
}

describe('Life', () => {
  it('is healthy while it serves and a worker listens', () => {
    const { life, did, workers } = aLife();
    life.workersChanged();
    expect(life.healthy).to.equal(false);
    life.serving();
    workers.listening = 1;
    life.workersChanged();
    workers.listening = 0;
    life.workersChanged();
    expect(life.healthy).to.equal(false);
    workers.listening = 1;
    life.workersChanged();
    expect(did).to.deep.equal(['healthy', 'unhealthy', 'healthy']);
  });

  it('drains, stops the rest and exits 0', async () => {
    const { life, did } = aLife();
    life.serving();
    await life.signalled('SIGTERM');
    expect(did).to.deep.equal(['healthy', 'unhealthy', 'drain 900', 'finish', 'pause 15000', 'exit 0']);
  });

  it('calls off a start, and waits for nothing', async () => {
    const { life, did } = aLife();
    await life.signalled('SIGUSR1');
    expect(life.startAborted.aborted).to.equal(true);
    expect(did).to.deep.equal(['drain 0', 'finish', 'pause 15000', 'exit 0']);
    life.serving();
    expect(life.healthy).to.equal(false);
  });

  it('gives a drain no time when its waiting was cut short', async () => {
    const { life, did } = aLife();
    life.serving();
    const drained = life.signalled('SIGUSR1');
    await life.signalled('SIGTERM');
    await drained;
    expect(did.filter((each) => !each.includes('healthy'))).to.deep.equal([
      'pause 20',
      'cut',
      'drain 0',
      'finish',
      'pause 15000',
      'exit 0',
    ]);
  });

  it('stops all parts although one fails', async () => {
    const stopped: string[] = [];
    const { life, did, logger } = aLife({
      finish: [
        () => Promise.reject(new Error('no disk')),
        () => {
          throw new Error('no bus');
        },
        () => stopped.push('the last'),
      ],
    });
    life.serving();
    await life.signalled('SIGTERM');
    expect(stopped).to.deep.equal(['the last']);
    expect(did.at(-1)).to.equal('exit 0');
    const complaints = logger.lines.filter(({ message }) => message === 'stop-incomplete');
    expect(complaints.map(({ data }) => String(data.error))).to.deep.equal([
      'Error: no disk',
      'Error: no bus',
    ]);
  });

  it('does not wait for ever for a part that does not stop', async () => {
    const { life, did } = aLife({ finish: [() => new Promise(() => {})], pause: async () => {} });
    life.serving();
    await life.signalled('SIGTERM');
    expect(did.at(-1)).to.equal('exit 0');
  });

  it('exits at once on a signal that comes while parts are being stopped', async () => {
    const { life, did } = aLife({ finish: [() => new Promise(() => {})] });
    life.serving();
    void life.signalled('SIGTERM');
    await new Promise(setImmediate);
    expect(life.phase).to.equal('finishing');
    await life.signalled('SIGINT');
    expect(did).to.include('exit 0');
  });
});
