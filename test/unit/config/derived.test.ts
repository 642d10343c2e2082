import { expect } from 'chai';
import type { Config } from '../../../lib/config/schema.ts';
import type { Flags } from '../../../lib/config/settle.ts';
import { load, problemsOf } from '../../support/config-text.ts';

interface Case {
  readonly name: string;
  readonly text: string;
  readonly flags?: Flags;
  readonly read: (config: Config) => unknown;
  readonly expect: unknown;
}

describe('a derived value', () => {
  const workers = (config: Config) => config.workers.count;
  const hosts = (config: Config) => config.nats.hosts;
  const table: readonly Case[] = [
    { name: 'workers default to the cores', text: '', read: workers, expect: 6 },
    { name: 'go_max_procs stands in for workers.count', text: 'go_max_procs: 3', read: workers, expect: 3 },
    { name: 'go_max_procs -1 means all cores', text: 'go_max_procs: -1', read: workers, expect: 6 },
    {
      name: 'workers.count beats it',
      text: 'go_max_procs: 3\nworkers: {count: 2}',
      read: workers,
      expect: 2,
    },
    {
      name: 'the flag beats both',
      text: 'workers: {count: 2}',
      flags: { workerCount: 5 },
      read: workers,
      expect: 5,
    },
    { name: 'the flag beats the port', text: 'port: 1', flags: { port: 0 }, read: (c) => c.port, expect: 0 },
    {
      name: 'attempts are at least 1',
      text: 'backends: {max_attempts: -3}',
      read: (c) => c.backends.max_attempts,
      expect: 1,
    },
    { name: 'a head may have 1 MiB', text: '', read: (c) => c.max_request_header_bytes, expect: 1_048_576 },
    {
      name: 'or less',
      text: 'max_request_header_bytes: 9',
      read: (c) => c.max_request_header_bytes,
      expect: 9,
    },
    {
      name: 'drain_timeout is endpoint_timeout',
      text: 'endpoint_timeout: 9s',
      read: (c) => c.drain_timeout,
      expect: 9_000,
    },
    { name: 'unless given', text: 'drain_timeout: 1s', read: (c) => c.drain_timeout, expect: 1_000 },
    {
      name: 'the stale threshold is raised to the start delay',
      text: 'droplet_stale_threshold: 5s\nstart_response_delay_interval: 8s',
      read: (c) => c.droplet_stale_threshold,
      expect: 8_000,
    },
    {
      name: '0 idle connections per host are 2',
      text: 'max_idle_conns_per_host: 0',
      read: (c) => c.max_idle_conns_per_host,
      expect: 2,
    },
    {
      name: 'the snapshot is named after the port',
      text: 'port: 80',
      read: (c) => c.snapshot.path,
      expect: '/var/run/turnout-snapshot-80.db',
    },
    {
      name: 'a relative path is made whole',
      text: 'snapshot: {path: a/b.db}',
      read: (c) => c.snapshot.path,
      expect: '/var/run/a/b.db',
    },
    {
      name: 'the router is named after host and index',
      text: 'index: 7',
      read: (c) => c.snapshot.redis.router_id,
      expect: 'host-a-7',
    },
    {
      name: 'there is no bus of our own',
      text: 'nats: {user: a}',
      read: (c) => c.nats.embedded,
      expect: undefined,
    },
    {
      name: 'the embedded bus listens on loopback',
      text: 'nats: {embedded: {}}',
      read: (c) => c.nats.embedded,
      expect: { host: '127.0.0.1', port: 4222, max_payload: 1_048_576, max_pending: 8_388_608 },
    },
    {
      name: 'the router is a client of its own bus',
      text: 'nats: {embedded: {host: 0.0.0.0, port: 5222}}',
      read: hosts,
      expect: [{ hostname: '127.0.0.1', port: 5222 }],
    },
    {
      name: 'unless other servers are named',
      text: 'nats: {embedded: {}, hosts: [{hostname: n, port: 1}]}',
      read: hosts,
      expect: [{ hostname: 'n', port: 1 }],
    },
  ];
  for (const { name, text, flags, read, expect: expected } of table) {
    it(name, () => {
      const { config, problems } = load(text, flags);
      expect(problems).to.deep.equal([]);
      expect(read(config)).to.deep.equal(expected);
    });
  }

  it('tells when a head limit is cut', () => {
    const { config, problems } = load('max_request_header_bytes: 2000000');
    expect(config.max_request_header_bytes).to.equal(1_048_576);
    expect(problems.map(({ severity, key }) => `${severity} ${key}`)).to.deep.equal([
      'warning max_request_header_bytes',
    ]);
  });

  it('warns of names of access log fields that do not exist, each by itself', () => {
    const { config, problems } = load('logging:\n  extra_access_log_fields:\n  - dial_time\n  - dail_time');
    expect(problems.map(({ severity, key, line }) => `${severity} ${key} ${line}`)).to.deep.equal([
      'warning logging.extra_access_log_fields[1] 2',
    ]);
    expect(problems[0]?.message).to.include('there is no field "dail_time", it is left out');
    expect(config.logging.extra_access_log_fields).to.deep.equal(['dial_time', 'dail_time']);
  });

  it('tells when nobody could log in to the status pages, without the password', () => {
    const { config, problems } = load('status:\n  user: a:b\n  pass: "se:cret"');
    expect(problems.map(({ severity, key, line }) => `${severity} ${key} ${line}`)).to.deep.equal([
      'warning status.user 2',
      'warning status.pass 3',
    ]);
    expect(JSON.stringify(problems)).to.not.include('cret');
    expect(config.status.pass).to.equal('se:cret');
    expect(load('status: {user: a, pass: b}').problems).to.deep.equal([]);
  });

  it('tells that an embedded bus without any value stays off', () => {
    expect(problemsOf('nats:\n  embedded:\n')[0]).to.include({
      severity: 'warning',
      key: 'nats.embedded',
      line: 2,
    });
  });
});

describe('the configuration', () => {
  it('cannot be changed, at any depth', () => {
    const { config } = load('nats: {hosts: [{hostname: a}]}');
    const frozen = [
      config,
      config.nats,
      config.nats.hosts,
      config.nats.hosts[0],
      config.sticky_session_cookie_names,
    ];
    expect(frozen.every((part) => Object.isFrozen(part))).to.equal(true);
  });

  it('keeps connections to endpoints open by default, as gorouter does where it is deployed', () => {
    expect(load('').config).to.include({
      disable_keep_alives: false,
      max_idle_conns: 100,
      max_idle_conns_per_host: 100,
    });
  });

  it('has the defaults of gorouter', () => {
    const { config } = load('');
    expect(config).to.deep.include({
      port: 8081,
      index: 0,
      endpoint_timeout: 60_000,
      endpoint_dial_timeout: 5_000,
      frontend_idle_timeout: 900_000,
      max_idle_conns: 100,
      droplet_stale_threshold: 120_000,
      prune_stale_droplets_interval: 30_000,
      start_response_delay_interval: 5_000,
      nats_client_ping_interval: 20_000,
      balancing_algorithm: 'round-robin',
      sticky_session_cookie_names: ['JSESSIONID'],
      healthcheck_user_agent: 'HTTP-Monitor/1.1',
      drain_wait: 0,
    });
    expect(config.status).to.deep.include({ host: '0.0.0.0', port: 8080, routes: { port: 8082 } });
    expect(config.nats.hosts).to.deep.equal([{ hostname: 'localhost', port: 4222 }]);
    expect(config.logging).to.include({ level: 'info', syslog: '', redact_query_params: 'none' });
  });
});
