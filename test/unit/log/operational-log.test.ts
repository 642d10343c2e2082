import { expect } from 'chai';
import type { LogLevel } from '../../../lib/log/logger.ts';
import {
  createLogger,
  levelThreshold,
  type OperationalLogOptions,
} from '../../../lib/log/operational-log.ts';

const NOW = Date.UTC(2026, 10, 22, 16, 32, 18, 2);

function logger(options: Partial<OperationalLogOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'debug',
    timestamp: 'rfc3339',
    prefix: 'vcap.gorouter',
    destination: { write: (line) => lines.push(line) },
    now: () => NOW,
    ...options,
  });
  return { log, lines };
}

describe('the operational log', () => {
  it('writes the shape and field order of gorouter, time in RFC 3339', () => {
    const { log, lines } = logger();
    log.child('subscriber').info('subscriber-starting');
    expect(lines).to.deep.equal([
      '{"log_level":1,"timestamp":"2026-11-22T16:32:18.002000000Z","message":"subscriber-starting",' +
        '"source":"vcap.gorouter.subscriber","data":{}}\n',
    ]);
  });

  it('writes the time as seconds since the epoch when asked to', () => {
    const { log, lines } = logger({ timestamp: 'unix-epoch', prefix: '', now: () => 1795365248403.25 });
    log.error('nats-connection-error', { error: new Error('no servers') });
    expect(lines).to.deep.equal([
      '{"log_level":3,"timestamp":1795365248.40325,"message":"nats-connection-error",' +
        '"source":"gorouter.stdout","data":{"error":"no servers"}}\n',
    ]);
  });

  it('numbers the levels 0 to 3 and nests components', () => {
    const { log, lines } = logger();
    const deep = log.child('a').child('b');
    for (const level of ['debug', 'info', 'warn', 'error'] as const) deep[level]('m');
    expect(lines.map((line) => JSON.parse(line).log_level)).to.deep.equal([0, 1, 2, 3]);
    expect(JSON.parse(lines[0]!).source).to.equal('vcap.gorouter.a.b');
  });

  it('does not escape what only HTML would need escaped, and keeps one line one line', () => {
    const { log, lines } = logger();
    log.warn('a<b>&c\n', { uri: '<&>\n"' });
    expect(lines[0]).to.contain(
      '"message":"a<b>&c\\n","source":"vcap.gorouter","data":{"uri":"<&>\\n\\""}}\n',
    );
    expect(lines[0]!.indexOf('\n')).to.equal(lines[0]!.length - 1);
  });

  it('shows an error by its message and its causes, under any name', () => {
    const { log, lines } = logger();
    const loop = new Error('outer', { cause: new Error('inner', { cause: new Error('outer') }) });
    log.error('m', { error: loop, other: new AggregateError([new Error('a'), new Error('b')]) });
    log.error('m', { error: Object.assign(new Error(''), { code: 'ECONNRESET' }) });
    expect(lines.map((line) => JSON.parse(line).data)).to.deep.equal([
      { error: 'outer: inner', other: 'a; b' },
      { error: 'ECONNRESET' },
    ]);
  });

  it('survives facts that JSON cannot hold', () => {
    const { log, lines } = logger();
    const circular: Record<string, unknown> = { big: 10n };
    circular.self = circular;
    const hostile = {
      get boom(): string {
        throw new Error('getter');
      },
    };
    log.info('m', { circular });
    log.info('m', { hostile });
    log.info('m', { error: new Error('x', { cause: Object.create(null) }) });
    expect(lines).to.have.length(3);
    for (const line of lines) expect(JSON.parse(line).message).to.equal('m');
  });

  it('changes nothing in the facts it was given', () => {
    const { log } = logger();
    const data = Object.freeze({ error: new Error('x') });
    log.error('m', data);
    expect(data.error).to.be.instanceOf(Error);
  });

  const levels: { level: string; written: LogLevel[] }[] = [
    { level: 'debug', written: ['debug', 'info', 'warn', 'error'] },
    { level: 'INFO', written: ['info', 'warn', 'error'] },
    { level: '', written: ['info', 'warn', 'error'] },
    { level: 'Warn', written: ['warn', 'error'] },
    { level: 'error', written: ['error'] },
    { level: 'dpanic', written: [] },
    { level: 'panic', written: [] },
    { level: 'FATAL', written: [] },
  ];
  for (const { level, written } of levels) {
    it(`at level ${JSON.stringify(level)} writes ${written.join(', ') || 'nothing'}`, () => {
      const { log, lines } = logger({ level });
      const child = log.child('c');
      const all = ['debug', 'info', 'warn', 'error'] as const;
      for (const name of all) child[name](name);
      expect(lines.map((line) => JSON.parse(line).message)).to.deep.equal(written);
      expect(all.filter((name) => child.enabled(name))).to.deep.equal(written);
    });
  }

  it('refuses an unknown level by name, saying what is allowed', () => {
    expect(() => levelThreshold('loud')).to.throw(
      'logging.level: "loud" is not a level; allowed are debug, info, warn, error, dpanic, panic, fatal',
    );
  });
});
