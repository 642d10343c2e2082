import { expect } from 'chai';
import type { Config } from '../../../lib/config/schema.ts';
import { load, problemsOf } from '../../support/config-text.ts';

interface Good {
  readonly text: string;
  readonly read: (config: Config) => unknown;
  readonly expect: unknown;
}

describe('a value of the right type', () => {
  const port = (config: Config) => config.port;
  const secure = (config: Config) => config.secure_cookies;
  const trace = (config: Config) => config.trace_key;
  const timeout = (config: Config) => config.endpoint_timeout;
  const names = (config: Config) => config.sticky_session_cookie_names;
  const table: readonly Good[] = [
    { text: 'port: 80', read: port, expect: 80 },
    { text: 'port: 0', read: port, expect: 0 },
    { text: 'port: 65535', read: port, expect: 65_535 },
    { text: 'port: 80.9', read: port, expect: 80 },
    { text: 'port: 0x50', read: port, expect: 80 },
    { text: 'port: 0o120', read: port, expect: 80 },
    { text: 'port: 0120', read: port, expect: 80 },
    { text: 'port: 8_090', read: port, expect: 8090 },
    { text: 'port:', read: port, expect: 8081 },
    { text: 'port: ~', read: port, expect: 8081 },
    { text: 'port: !!int 80', read: port, expect: 80 },
    ...['true', 'True', 'yes', 'Yes', 'on', 'ON'].map((word): Good => {
      return { text: `secure_cookies: ${word}`, read: secure, expect: true };
    }),
    ...['false', 'FALSE', 'no', 'No', 'off', 'OFF', '', 'null'].map((word): Good => {
      return { text: `secure_cookies: ${word}`, read: secure, expect: false };
    }),
    {
      text: 'suspend_pruning_if_nats_unavailable: no',
      read: (c) => c.suspend_pruning_if_nats_unavailable,
      expect: false,
    },
    { text: 'trace_key: 22', read: trace, expect: '22' },
    { text: 'trace_key: 1.10', read: trace, expect: '1.10' },
    { text: 'trace_key: 007', read: trace, expect: '007' },
    { text: 'trace_key: yes', read: trace, expect: 'yes' },
    { text: 'trace_key: false', read: trace, expect: 'false' },
    { text: 'trace_key: "a: b"', read: trace, expect: 'a: b' },
    { text: 'trace_key: |\n  one\n  two\n', read: trace, expect: 'one\ntwo\n' },
    { text: 'trace_key: null', read: trace, expect: '' },
    { text: 'endpoint_timeout: 1m30s', read: timeout, expect: 90_000 },
    { text: 'endpoint_timeout: "0"', read: timeout, expect: 0 },
    { text: 'endpoint_timeout: -1s', read: timeout, expect: -1_000 },
    { text: 'endpoint_timeout: 10000h', read: timeout, expect: 36_000_000_000 },
    { text: 'endpoint_timeout:', read: timeout, expect: 60_000 },
    { text: 'sticky_session_cookie_names: [a, 1, no]', read: names, expect: ['a', '1', 'no'] },
    { text: 'sticky_session_cookie_names: []', read: names, expect: [] },
    { text: 'sticky_session_cookie_names:', read: names, expect: [] },
    { text: 'logging: {level: WARN}', read: (c) => c.logging.level, expect: 'warn' },
    { text: 'logging: {level: ""}', read: (c) => c.logging.level, expect: 'info' },
    { text: 'logging: {level: panic}', read: (c) => c.logging.level, expect: 'fatal' },
    {
      text: 'logging: {format: {timestamp: rfc3339}}',
      read: (c) => c.logging.format.timestamp,
      expect: 'rfc3339',
    },
    { text: '', read: (c) => c.logging.format.timestamp, expect: 'rfc3339' },
    {
      text: 'logging: {format: {timestamp: x}}',
      read: (c) => c.logging.format.timestamp,
      expect: 'unix-epoch',
    },
    {
      text: 'nats: {hosts: [{hostname: a, port: 1}, {hostname: b}]}',
      read: (c) => c.nats.hosts,
      expect: [
        { hostname: 'a', port: 1 },
        { hostname: 'b', port: 4222 },
      ],
    },
    { text: 'backends: {max_conns: 5}', read: (c) => c.backends.cert_chain, expect: '' },
    { text: 'backends:', read: (c) => c.backends.max_attempts, expect: 1 },
  ];
  for (const { text, read, expect: expected } of table) {
    it(`is taken from ${JSON.stringify(text)}`, () => {
      const { config, problems } = load(text);
      expect(problems).to.deep.equal([]);
      expect(read(config)).to.deep.equal(expected);
    });
  }
});

describe('a value of the wrong type', () => {
  const table: readonly (readonly [text: string, key: string, found: string, goText: string])[] = [
    [
      'endpoint_timeout: 5',
      'endpoint_timeout',
      'the number 5',
      'cannot unmarshal !!int `5` into time.Duration',
    ],
    ['endpoint_timeout: 0', 'endpoint_timeout', 'the number 0', '!!int `0` into time.Duration'],
    ['endpoint_timeout: 1.5', 'endpoint_timeout', 'the number 1.5', '!!float `1.5` into time.Duration'],
    ['endpoint_timeout: true', 'endpoint_timeout', 'true', '!!bool `true` into time.Duration'],
    ['endpoint_timeout: 2d', 'endpoint_timeout', 'the text "2d"', '!!str `2d` into time.Duration'],
    ['endpoint_timeout: "30"', 'endpoint_timeout', 'the quoted text "30"', '!!str `30` into time.Duration'],
    ['endpoint_timeout: [1s]', 'endpoint_timeout', 'a list', '!!seq into time.Duration'],
    ['port: "8081"', 'port', 'the quoted text "8081"', '!!str `8081` into uint16'],
    ['port: !!str 8081', 'port', 'the quoted text "8081"', '!!str `8081` into uint16'],
    ['port: 65536', 'port', 'the number 65536', '!!int `65536` into uint16'],
    ['port: -1', 'port', 'the number -1', '!!int `-1` into uint16'],
    ['port: .nan', 'port', 'the number .nan', '!!float `.nan` into uint16'],
    ['port: eighty', 'port', 'the text "eighty"', '!!str `eighty` into uint16'],
    ['port: {a: 1}', 'port', 'a mapping', '!!map into uint16'],
    ['index: -1', 'index', 'the number -1', '!!int `-1`'],
    ['backends: {max_conns: "5"}', 'backends.max_conns', 'the quoted text "5"', '!!str `5` into int'],
    [
      'backends: {max_conns: 99999999999999999999}',
      'backends.max_conns',
      'the number 99999999999999999999',
      '!!int',
    ],
    ['secure_cookies: 1', 'secure_cookies', 'the number 1', '!!int `1` into bool'],
    ['secure_cookies: "true"', 'secure_cookies', 'the quoted text "true"', '!!str `true` into bool'],
    ['secure_cookies: maybe', 'secure_cookies', 'the text "maybe"', '!!str `maybe` into bool'],
    ['trace_key: [a]', 'trace_key', 'a list', '!!seq into string'],
    ['isolation_segments: a', 'isolation_segments', 'the text "a"', '!!str `a` into []string'],
    ['isolation_segments: [a, [b]]', 'isolation_segments[1]', 'a list', '!!seq into string'],
    ['nats: 5', 'nats', 'the number 5', '!!int `5` into struct'],
    ['nats: [{host: a}]', 'nats', 'a list', '!!seq into struct'],
    ['nats: {hosts: [a]}', 'nats.hosts[0]', 'the text "a"', '!!str `a` into struct'],
    ['nats: {hosts: {hostname: a}}', 'nats.hosts', 'a mapping', '!!map into []struct'],
    [
      'nats: {hosts: [{hostname: a, port: 0}]}',
      'nats.hosts[0].port',
      'the number 0',
      '!!int `0` into uint16',
    ],
    ['workers: {count: -1}', 'workers.count', 'the number -1', '!!int `-1` into int'],
    ['snapshot: {max_age: 0s}', 'snapshot.max_age', 'the text "0s"', '!!str `0s` into time.Duration'],
  ];
  for (const [text, key, found, goText] of table) {
    it(`is refused: ${text}`, () => {
      const problems = problemsOf(text);
      expect(problems.map(({ severity }) => severity)).to.deep.equal(['error']);
      expect(problems[0]).to.include({ key, found, line: 1 });
      expect(problems[0]?.message).to.match(/^yaml: unmarshal errors:\n {2}line 1: cannot unmarshal !!/u);
      expect(problems[0]?.message).to.include(goText);
      expect(problems[0]?.allowed).to.not.equal('');
    });
  }

  it('leaves the default in its place, and its neighbours alone', () => {
    const { config } = load('backends: {max_conns: many, max_attempts: 3}');
    expect(config.backends).to.include({ max_conns: 0, max_attempts: 3 });
  });

  it('names what a server of the bus lacks', () => {
    expect(problemsOf('nats:\n  hosts:\n  - port: 4222\n')).to.have.lengthOf(1);
    expect(problemsOf('nats:\n  hosts:\n  - port: 4222\n')[0]).to.include({
      key: 'nats.hosts[0].hostname',
      line: 3,
    });
  });
});

describe('a choice', () => {
  const table: readonly (readonly [text: string, key: string, message: string])[] = [
    [
      'balancing_algorithm: hash',
      'balancing_algorithm',
      'Invalid global load balancing algorithm hash. Allowed values are [round-robin least-connection]',
    ],
    [
      'balancing_algorithm: random',
      'balancing_algorithm',
      'Invalid global load balancing algorithm random. Allowed values are [round-robin least-connection]',
    ],
    [
      'balancing_algorithm_az_preference: far',
      'balancing_algorithm_az_preference',
      'Invalid load balancing AZ preference far. Allowed values are [none locally-optimistic]',
    ],
    [
      'routing_table_sharding_mode: some',
      'routing_table_sharding_mode',
      'Invalid sharding mode: some. Allowed values are [all segments shared-and-segments]',
    ],
    [
      'logging: {redact_query_params: md5}',
      'logging.redact_query_params',
      'Invalid query param redaction mode: md5. Allowed values are [none all hash]',
    ],
    [
      'workers: {listener: magic}',
      'workers.listener',
      'Invalid workers.listener: magic. Allowed values are [auto reuse_port shared]',
    ],
    [
      'logging: {level: loud}',
      'logging.level',
      'Invalid log level: loud. Allowed values are [debug info warn error fatal]',
    ],
  ];
  for (const [text, key, message] of table) {
    it(`refuses ${text}`, () => {
      const problems = problemsOf(text);
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]).to.include({ severity: 'error', key, line: 1, message });
    });
  }

  it('says so beside the warning of a key that has no effect yet', () => {
    expect(problemsOf('forwarded_client_cert: x').map(({ message }) => message)).to.include(
      'Invalid forwarded client cert mode: x. Allowed values are [always_forward forward sanitize_set]',
    );
  });
});
