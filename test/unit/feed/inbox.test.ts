import { expect } from 'chai';
import { Inbox } from '../../../lib/feed/inbox.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

function world(onRegister: (host: string) => void = () => {}) {
  const clock = { ms: 0 };
  const logger = recordingLogger();
  const heard: string[] = [];
  const inbox = new Inbox(
    { enableHttp2: true, staleThresholdMs: 120_000 },
    {
      onRegister: ({ endpoint }) => {
        heard.push(`+${endpoint.host}`);
        onRegister(endpoint.host);
      },
      onUnregister: ({ endpoint }) => heard.push(`-${endpoint.host}`),
    },
    logger,
    () => clock.ms,
  );
  const take = (subject: string, payload: string) => inbox.take(subject, Buffer.from(payload));
  return { inbox, clock, logger, heard, take };
}

describe('Inbox', () => {
  it('tells registers from unregisters', () => {
    const { inbox, heard, take } = world();
    take('router.register', '{"host":"a"}');
    take('router.unregister', '{"host":"b"}');
    expect(heard).to.deep.equal(['+a', '-b']);
    expect(inbox.counters).to.include({ received: 2, registers: 1, unregisters: 1 });
  });

  it('repeats each unregister message in the log, behind what it came to', () => {
    const { logger, take } = world();
    take('router.register', '{"host":"a"}');
    take('router.unregister', '{"host":"b", "uris":[]}');
    expect(logger.lines.map(({ level, message, data }) => ({ level, message, data }))).to.deep.equal([
      { level: 'debug', message: 'unregister-route', data: { message: '{"host":"b", "uris":[]}' } },
    ]);
  });

  for (const subject of ['router.start', 'router.greet', 'router.active_apps']) {
    it(`has no complaint about ${subject}, whatever it holds`, () => {
      const { inbox, logger, heard, take } = world();
      take(subject, '');
      take(subject, '\u0000');
      expect(inbox.counters).to.include({ received: 2, invalid: 0 });
      expect([...heard, ...logger.lines]).to.deep.equal([]);
    });
  }

  it('checks but ignores what comes under another word', () => {
    const { inbox, logger, heard, take } = world();
    take('router.word', '{"host":"a"}');
    take('router.word', 'x');
    expect(heard).to.deep.equal([]);
    expect(inbox.counters.invalid).to.equal(1);
    expect(logger.lines[0]?.data).to.include({ subject: 'router.word', payload: 'x' });
  });

  it('logs a flood of one kind once per second, with the number of those it did not', () => {
    const { clock, logger, take } = world();
    for (let i = 0; i < 100; i += 1) take('router.register', 'x');
    take('router.register', '{"port":"1"}');
    clock.ms = 999;
    take('router.register', 'x');
    clock.ms = 1000;
    take('router.register', 'y');
    expect(logger.lines.map(({ data }) => [data.payload, data.not_logged])).to.deep.equal([
      ['x', undefined],
      ['{"port":"1"}', undefined],
      ['y', 100],
    ]);
  });

  it('cuts a huge payload in the log', () => {
    const { logger, take } = world();
    take('router.register', 'x'.repeat(1_000_000));
    expect(logger.lines[0]?.data.payload).to.have.length(32_768);
  });

  it('logs an ignored option and keeps the endpoint', () => {
    const { inbox, logger, heard, take } = world();
    take('router.register', '{"host":"a","uris":["u"],"options":{"loadbalancing":1}}');
    take('router.register', '{"host":"b","options":{"loadbalancing":2}}');
    expect(heard).to.deep.equal(['+a', '+b']);
    expect(inbox.counters).to.include({ invalid: 0, invalidOptions: 2 });
    expect(logger.lines).to.have.length(1);
    expect(logger.lines[0]).to.deep.include({ level: 'error', message: 'route-option-ignored' });
    expect(logger.lines[0]?.data).to.deep.equal({
      option: 'loadbalancing',
      reason: 'must be text, not a number',
      value: 1,
      used: 'the router-wide setting',
      uris: ['u'],
    });
  });

  it('survives a listener that throws, and hands on the next message', () => {
    const { logger, heard, take } = world((host) => {
      if (host === 'a') throw new Error('broken');
    });
    take('router.register', '{"host":"a"}');
    take('router.register', '{"host":"b"}');
    expect(heard).to.deep.equal(['+a', '+b']);
    expect(logger.lines.map(({ message }) => message)).to.deep.equal(['message-handler-failed']);
  });
});
