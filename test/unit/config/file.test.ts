import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../../lib/config/load.ts';
import { describeProblem } from '../../../lib/config/problem.ts';
import { errorKeys, load, problemsOf } from '../../support/config-text.ts';

describe('a configuration file', () => {
  it('may be empty, or hold comments alone', () => {
    for (const text of ['', '\n', '# nothing\n', '---\n', '---\n...\n', '~\n', '{}\n', '\ufeffport: 80\n']) {
      expect(problemsOf(text), JSON.stringify(text)).to.deep.equal([]);
    }
  });

  it('has all its problems reported, in its own order', () => {
    const text = [
      'port: "80"',
      'endpoint_timeout: 5',
      'prot: 1',
      'nats:',
      '  hosts:',
      '  - {hostname: a, port: 70000}',
      '  - {port: 4}',
      '  pas: x',
      'enable_ssl: true',
      'balancing_algorithm: foo',
      'balancing_algorithm: foo',
    ].join('\n');
    const problems = problemsOf(text).map(({ severity, key, line }) => `${line} ${severity} ${key}`);
    expect(problems).to.deep.equal([
      '1 error port',
      '2 error endpoint_timeout',
      '3 warning prot',
      '6 error nats.hosts[0].port',
      '7 error nats.hosts[1].hostname',
      '8 warning nats.pas',
      '9 error tls_pem',
      '9 error cipher_suites',
      '9 error client_cert_validation',
      '11 error balancing_algorithm',
      '11 error balancing_algorithm',
    ]);
  });

  it('may use anchors and merge keys, own keys first', () => {
    const text =
      'status: &s {port: 1, user: a}\nprometheus: {}\nbackends: {<<: [{max_conns: 3, max_attempts: 4}], max_conns: 5}\ntrace_key: &t x\nzone: *t\n';
    const { config, problems } = load(text);
    expect(problems).to.deep.equal([]);
    expect(config.backends).to.include({ max_conns: 5, max_attempts: 4 });
    expect(config.zone).to.equal('x');
  });

  it('has the line of a merged value where the value is written', () => {
    expect(errorKeys('backends:\n  <<:\n    max_conns: x\n')).to.deep.equal(['backends.max_conns@3']);
  });

  it('is refused where a key is given twice, at any depth', () => {
    expect(errorKeys('port: 1\nzone: a\nport: 2\n')).to.deep.equal(['port@3']);
    expect(errorKeys('status:\n  port: 1\n  port: 2\n')).to.deep.equal(['status.port@3']);
    expect(problemsOf('x: {y: 1, y: 2}').filter(({ severity }) => severity === 'error')).to.have.lengthOf(1);
  });

  it('replaces the defaults of a list and merges those of a section', () => {
    const { config } = load('sticky_session_cookie_names: [A]\nstatus: {port: 1}\n');
    expect(config.sticky_session_cookie_names).to.deep.equal(['A']);
    expect(config.status).to.deep.include({ port: 1, routes: { port: 8082 } });
  });

  const broken: readonly (readonly [name: string, text: string, found: RegExp])[] = [
    ['a tab for indentation', 'nats:\n\tuser: a\n', /line 2: .*tab/iu],
    ['a list', '- port: 1\n', /a list instead of a mapping/u],
    ['a text', 'hello world\n', /a text instead of a mapping/u],
    ['an open list', 'isolation_segments: [a, b\nport: 1\n', /^yaml: line \d/u],
    ['an open quote', 'trace_key: "a\nport: 1\n', /^yaml: line \d/u],
    ['a colon too many', 'trace_key: a: b\n', /^yaml: line 1: /u],
    ['an unknown anchor', 'trace_key: *x\n', /anchor 'x' is not known/u],
    ['an anchor inside itself', 'nats: &x {user: *x}\n', /anchor 'x' contains itself/u],
    ['endless nesting', '['.repeat(100_000), /^yaml: /u],
  ];
  for (const [name, text, message] of broken) {
    it(`is refused with a line that says why: ${name}`, () => {
      const errors = problemsOf(text).filter(({ severity }) => severity === 'error');
      expect(errors).to.have.lengthOf.within(1, 10);
      expect(errors[0]?.message).to.match(message);
      expect(errors[0]?.message).to.not.match(/\n\s+at /u);
    });
  }

  it('is refused when its aliases multiply without end', () => {
    const rows = Array.from({ length: 12 }, (_, i) => `x${i + 1}: &x${i + 1} [${`*x${i},`.repeat(9)}]`);
    expect(errorKeys(`x0: &x0 [a]\n${rows.join('\n')}\n`)).to.deep.equal(['@-']);
  });

  it('ends when a merge key merges itself', () => {
    expect(load('status: &s {<<: *s, port: 4}\n').config.status.port).to.equal(4);
  });

  it('has only its first document read, and says so', () => {
    const { config, problems } = load('port: 1\n---\nport: 2\n');
    expect(config.port).to.equal(1);
    expect(problems).to.have.lengthOf(1);
    expect(problems[0]).to.include({ severity: 'warning' });
  });
});

describe('an unreadable configuration file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'turnout-config-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const place = (content: Buffer | string): string => {
    const path = join(directory, 'config.yml');
    writeFileSync(path, content);
    return path;
  };
  const lineFor = (path: string): string => {
    const { problems } = loadConfig(path);
    expect(problems).to.have.lengthOf(1);
    expect(problems[0]?.severity).to.equal('error');
    return problems.map((problem) => describeProblem(problem, path)).join();
  };

  it('is named with the reason when it is missing', () => {
    expect(lineFor(join(directory, 'none.yml'))).to.match(/open .*none\.yml: no such file or directory/u);
  });

  it('is named when it is a directory', () => {
    expect(lineFor(directory)).to.include('directory');
  });

  it('is named when it is binary', () => {
    expect(lineFor(place(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe])))).to.include('not a text file');
    expect(lineFor(place('port: 1\nzone: \0\n'))).to.match(/control character in line 2/u);
  });

  it('is named when it has no end', () => {
    expect(lineFor('/dev/zero')).to.include('larger than');
  });

  it('is named when it is empty text in another encoding', () => {
    expect(lineFor(place(Buffer.from('\ufeffport: 1\n', 'utf16le')))).to.include('not a text file');
  });
});
