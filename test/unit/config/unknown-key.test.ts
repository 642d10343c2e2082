import { expect } from 'chai';
import { load, problemsOf } from '../../support/config-text.ts';

describe('an unknown key', () => {
  const table: readonly (readonly [text: string, key: string, hint: string | undefined])[] = [
    ['prot: 1', 'prot', 'port'],
    ['Port: 1', 'Port', 'port'],
    ['endpoint_timout: 1s', 'endpoint_timout', 'endpoint_timeout'],
    ['endpoint-timeout: 1s', 'endpoint-timeout', 'endpoint_timeout'],
    ['worker: {count: 2}', 'worker', 'workers'],
    ['workers: {Count: 2}', 'workers.Count', 'workers.count'],
    ['nats: {pas: secret}', 'nats.pas', 'nats.pass'],
    ['nats: {hosts: [{hostname: a, prot: 1}]}', 'nats.hosts[0].prot', 'nats.hosts[0].port'],
    ['max_conns: 5', 'max_conns', 'backends.max_conns'],
    ['access_log_file: a', 'access_log_file', 'access_log.file, written as nested keys'],
    ['nats.hosts: []', 'nats.hosts', 'nats.hosts, written as nested keys'],
    ['frobnicate: 1', 'frobnicate', undefined],
    ['__proto__: {port: 1}', '__proto__', undefined],
    ['constructor: 1', 'constructor', undefined],
    ['1: 2', '1', undefined],
    ['? [a]\n: 1', '?', undefined],
  ];
  for (const [text, key, hint] of table) {
    it(`is told${hint === undefined ? '' : `, and what was meant`}: ${JSON.stringify(text)}`, () => {
      const problems = problemsOf(text);
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]).to.include({ severity: 'warning', unknownKey: true, key, line: 1 });
      if (hint === undefined) expect(problems[0]).to.not.have.property('reason');
      else expect(problems[0]?.reason).to.equal(`did you mean ${hint}?`);
    });
  }

  it('does not have its value shown, which may be a secret', () => {
    expect(JSON.stringify(problemsOf('nats: {pas: hunter2}'))).to.not.include('hunter2');
  });

  it('does not change anything', () => {
    expect(load('prot: 1').config).to.deep.equal(load('').config);
  });
});

describe('a key of gorouter', () => {
  it('that this version does not know to serve gives one warning with its name', () => {
    const text =
      'route_services_timeout: 1s\nroute_services: {max_attempts: 3}\nroute_services_hairpinning: true\n';
    const problems = problemsOf(text);
    expect(problems.map(({ severity, key }) => `${severity} ${key}`)).to.deep.equal([
      'warning route_services_timeout',
      'warning route_services.max_attempts',
      'warning route_services_hairpinning',
    ]);
    for (const { key, message } of problems) expect(message).to.include(key);
  });

  it('that gorouter ignores is noted for whoever checks, whatever its value, and its text not shown', () => {
    const text = [
      'pid_file: /run/x.pid',
      'healthcheck_timeout: 1s',
      'max_header_bytes: [1]',
      'ssl_cert: {a: b}',
      'ssl_skip_validation: maybe',
      'ip_local_port_range: 1 2',
      'enable_access_log_streaming: 5',
      'logging: {file: x, enable_attempts_details: 3}',
    ];
    const problems = problemsOf(text.join('\n'));
    expect(problems.map(({ severity, line, key }) => `${severity} ${line} ${key}`)).to.deep.equal([
      'note 1 pid_file',
      'note 2 healthcheck_timeout',
      'note 3 max_header_bytes',
      'note 4 ssl_cert',
      'note 5 ssl_skip_validation',
      'note 6 ip_local_port_range',
      'note 7 enable_access_log_streaming',
      'note 8 logging.enable_attempts_details',
      'note 8 logging.file',
    ]);
    expect(problems[4]).to.include({ found: 'a text', reason: 'now skip_ssl_validation' });
  });
});
