import { expect } from 'chai';
import { type KeyPair, makeCa, makeCert } from '../../support/certificates.ts';
import { problemsOf } from '../../support/config-text.ts';

/** A PEM text as the value of a key. */
const block = (key: string, pem: string, indent = ''): string =>
  `${indent}${key}: |\n${pem.replaceAll(/^(?=.)/gmu, `${indent}  `)}`;

const NO_PEM = '"-----BEGIN NOTHING-----"';

describe('keys that contradict each other', () => {
  const table: readonly {
    readonly text: string;
    readonly key: string;
    readonly line: number | undefined;
    readonly message: string | RegExp;
  }[] = [
    {
      text: 'zone: a\ndisable_http: true',
      key: 'disable_http',
      line: 2,
      message:
        'neither http nor https listener is enabled: router.enable_ssl: false, router.disable_http: true',
    },
    {
      text: 'zone: a\nenable_ssl: true',
      key: 'tls_pem',
      line: 2,
      message: 'router.tls_pem must be provided if router.enable_ssl is set to true',
    },
    {
      text: 'enable_ssl: true\ntls_pem:\n- {cert_chain: a}',
      key: 'tls_pem[0]',
      line: 2,
      message: 'Error parsing PEM blocks of router.tls_pem, missing cert or key.',
    },
    {
      text: `enable_ssl: true\ntls_pem:\n- {cert_chain: ${NO_PEM}, private_key: ${NO_PEM}}`,
      key: 'tls_pem[0]',
      line: 2,
      message: 'Error loading key pair: tls: failed to find any PEM data in certificate input',
    },
    {
      text: 'enable_ssl: true\ncipher_suites: " "',
      key: 'cipher_suites',
      line: 2,
      message: 'must specify list of cipher suite when ssl is enabled',
    },
    {
      text: 'enable_ssl: true\ncipher_suites: ECDHE-RSA-AES128-GCM-SHA256:FOO',
      key: 'cipher_suites',
      line: 2,
      message: /^Invalid cipher string configuration: FOO, please choose from \[/u,
    },
    {
      text: 'enable_ssl: true\ncipher_suites: TLS_AES_128_GCM_SHA256:ECDHE-RSA-RC4-SHA',
      key: 'cipher_suites',
      line: 2,
      message:
        'router.cipher_suites TLS_AES_128_GCM_SHA256:ECDHE-RSA-RC4-SHA has no suite that can be used with router.max_tls_version TLSv1.2',
    },
    {
      text: 'enable_ssl: true\nmin_tls_version: TLSv1.3',
      key: 'min_tls_version',
      line: 2,
      message: 'router.min_tls_version TLSv1.3 is above router.max_tls_version TLSv1.2',
    },
    {
      text: 'enable_ssl: true\nenable_verify_client_certificate_metadata: true\nverify_client_certificate_metadata:\n- issuer_in_chain: {common_name: Partner CA, organization: [Partner]}',
      key: 'verify_client_certificate_metadata[0].issuer_in_chain',
      line: 4,
      message: 'no CA certificate found for rule with ca subject CN=Partner CA,O=Partner',
    },
    {
      text: 'enable_ssl: true\nclient_cert_validation: maybe',
      key: 'client_cert_validation',
      line: 2,
      message: "router.client_cert_validation must be one of 'none', 'request' or 'require'.",
    },
    {
      text: 'enable_ssl: true\nclient_cert_validation: require\nonly_trust_client_ca_certs: true',
      key: 'client_ca_certs',
      line: 1,
      message:
        "router.client_ca_certs cannot be empty if router.only_trust_client_ca_certs is 'true' and router.client_cert_validation is set to 'request' or 'require'.",
    },
    {
      text: 'enable_ssl: true\nmin_tls_version: SSLv3',
      key: 'min_tls_version',
      line: 2,
      message: /min_tls_version/u,
    },
    {
      text: 'enable_ssl: true\nmax_tls_version: TLSv1.1',
      key: 'max_tls_version',
      line: 2,
      message: /max_tls_version/u,
    },
    {
      text: `client_ca_certs: ${NO_PEM}`,
      key: 'client_ca_certs',
      line: 1,
      message: /^Error while adding ClientCACerts to gorouter's client cert pool: /u,
    },
    {
      text: `ca_certs:\n- ${NO_PEM}`,
      key: 'ca_certs[0]',
      line: 1,
      message: "Error while adding 0 cert in CACerts to gorouter's cert pool",
    },
    {
      text: 'backends: {cert_chain: a, private_key: b}',
      key: 'backends.cert_chain',
      line: 1,
      message: 'Error loading key pair: tls: failed to find any PEM data in certificate input',
    },
    {
      text: 'routing_api: {uri: https://a, port: 1}',
      key: 'routing_api.ca_certs',
      line: 1,
      message: /ca_certs holds no usable certificate/u,
    },
    {
      text: 'routing_api: {uri: https://a, port: 1}',
      key: 'oauth.port',
      line: 1,
      message: 'tls-not-enabled: UAA client requires TLS enabled',
    },
    {
      text: 'routing_api: {uri: https://a, port: 1}',
      key: 'oauth.token_endpoint',
      line: 1,
      message: 'oauth.token_endpoint must be provided for the routing API',
    },
    {
      text: 'routing_api: {uri: "a.test", port: 1, auth_disabled: true}',
      key: 'routing_api.uri',
      line: 1,
      message: 'routing_api.uri is not the URL of a host: a.test',
    },
    {
      text: 'routing_api: {uri: "https://a.test/x", port: 1, auth_disabled: true}',
      key: 'routing_api.uri',
      line: 1,
      message: 'routing_api.uri is not the URL of a host: https://a.test/x',
    },
    {
      text: 'prometheus: {enabled: true, port: 9, cert_path: /a, ca_path: /b}',
      key: 'prometheus.key_path',
      line: 1,
      message: 'prometheus.key_path must be provided for metrics over TLS',
    },
    {
      text: 'nats:\n  tls_enabled: true',
      key: 'nats.cert_chain',
      line: 1,
      message: /^Error loading NATS key pair: tls: failed to find any PEM data/u,
    },
    { text: 'nats:\n  tls_enabled: true', key: 'nats.ca_certs', line: 1, message: /no usable certificate/u },
    {
      text: 'nats: {tls_enabled: true, embedded: {}}',
      key: 'nats.tls_enabled',
      line: 1,
      message: /does not speak TLS/u,
    },
    { text: 'nats:\n  hosts: []', key: 'nats.hosts', line: 2, message: /names no server/u },
    {
      text: 'isolation_segments:\nrouting_table_sharding_mode: segments',
      key: 'routing_table_sharding_mode',
      line: 2,
      message: 'Expected isolation segments; routing table sharding mode set to segments and none provided.',
    },
    {
      text: 'load_balancer_healthy_threshold: -1s',
      key: 'load_balancer_healthy_threshold',
      line: 1,
      message: 'Invalid load balancer healthy threshold: -1s',
    },
    {
      text: 'status: {enable_nontls_health_checks: false}',
      key: 'status.enable_nontls_health_checks',
      line: 1,
      message: 'Neither TLS nor non-TLS health endpoints are enabled. Refusing to start gorouter.',
    },
    {
      text: 'status:\n  tls: {certificate: a}',
      key: 'status.tls.key',
      line: 2,
      message: 'router.status.tls.key must be provided',
    },
    {
      text: 'status:\n  tls: {key: a}',
      key: 'status.tls.certificate',
      line: 2,
      message: 'router.status.tls.certificate must be provided',
    },
    {
      text: 'status:\n  tls: {port: 0}',
      key: 'status.tls.port',
      line: 2,
      message: 'router.status.tls.port must not be 0',
    },
    {
      text: 'status:\n  tls: {certificate: a, key: b}',
      key: 'status.tls.certificate',
      line: 2,
      message: /^Error loading router.status.tls certificate\/key pair: /u,
    },
    {
      text: 'route_services_hairpinning_allowlist: [a.b, "*.b.c", nope]',
      key: 'route_services_hairpinning_allowlist[2]',
      line: 1,
      message: /allowlist-entry-invalid/u,
    },
    {
      text: 'route_services: {egress_blocklist: [10.0.0.0/8, fd00::/8, 10.0.0.1, 10.0.0.0/33]}',
      key: 'route_services.egress_blocklist[3]',
      line: 1,
      message: /10\.0\.0\.0\/33/u,
    },
    {
      text: 'access_log: {enable_streaming: true}\nlogging: {syslog_network: carrier}',
      key: 'logging.syslog_network',
      line: 2,
      message: /carrier/u,
    },
    {
      text: 'domains: [{domain: a.b, ca_certs: x}]',
      key: 'domains[0].ca_certs',
      line: 1,
      message: /^domains\[0\]\.ca_certs /u,
    },
    {
      text: 'domains: [{name: a.b, ca_certs: x, xfcc_format: envoy, forwarded_client_cert: always_forward}]',
      key: 'domains[0].xfcc_format',
      line: 1,
      message: /^domains\[0\]\.xfcc_format /u,
    },
    { text: 'port: 8080', key: 'status.port', line: 1, message: 'status.port and port are both 8080' },
    {
      text: 'nats:\n  embedded: {port: 8082}',
      key: 'nats.embedded.port',
      line: 2,
      message: 'nats.embedded.port and status.routes.port are both 8082',
    },
    ...['', ' ', '127.0.0.1:4222', 'http://a', 'a b', '-a'].map((host) => ({
      text: `nats:\n  embedded: {host: "${host}"}`,
      key: 'nats.embedded.host',
      line: 2,
      message: `nats.embedded.host is not a host: "${host}"`,
    })),
    { text: 'snapshot:\n  store: redis', key: 'snapshot.redis.url', line: 1, message: /must be redis:\/\//u },
    {
      text: 'snapshot: {store: redis, redis: {url: "redis://a", key_prefix: ""}}',
      key: 'snapshot.redis.key_prefix',
      line: 1,
      message: /empty/u,
    },
    {
      text: 'snapshot: {store: redis, redis: {url: "rediss://a", cert_chain: x}}',
      key: 'snapshot.redis.cert_chain',
      line: 1,
      message: /private_key is missing/u,
    },
  ];
  for (const { text, key, line, message } of table) {
    it(`are refused at ${key}: ${JSON.stringify(text)}`, () => {
      const problem = problemsOf(text).find((one) => one.key === key && one.severity === 'error');
      expect(problem, JSON.stringify(problemsOf(text))).to.not.equal(undefined);
      expect(problem?.line).to.equal(line);
      if (typeof message === 'string') expect(problem?.message).to.equal(message);
      else expect(problem?.message).to.match(message);
      expect(problem?.reason).to.equal(problem?.message);
    });
  }

  it('are let be where neither is used', () => {
    const texts = [
      'cipher_suites: FOO',
      'client_cert_validation: maybe',
      'nats: {cert_chain: x, private_key: y}',
      'backends: {cert_chain: x}',
      'snapshot: {redis: {key_prefix: ""}}',
      'status: {tls: {port: 8443}}',
      'port: 0\nstatus: {port: 0, routes: {port: 0}}',
      'nats: {embedded: {host: 127.0.0.2, port: 8082}}',
      ...['localhost', '0.0.0.0', '::1', 'host-1.example.com'].map(
        (host) => `nats: {embedded: {host: "${host}"}}`,
      ),
      'prometheus: {port: 8082}',
      'snapshot: {store: redis, redis: {url: "unix:///tmp/redis.sock"}}',
    ];
    for (const text of texts) {
      const errors = problemsOf(text).filter(({ severity }) => severity === 'error');
      expect(errors, text).to.deep.equal([]);
    }
  });

  it('do not have a password in a bad URL shown', () => {
    const text = 'snapshot: {store: redis, redis: {url: "http://a:hunter2@b"}}';
    expect(problemsOf(text)).to.have.lengthOf(1);
    expect(JSON.stringify(problemsOf(text))).to.not.include('hunter2');
  });
});

describe('certificates in the configuration', () => {
  let ca: KeyPair;
  let client: KeyPair;
  let other: KeyPair;
  let expired: KeyPair;
  before(async () => {
    ca = await makeCa();
    [client, other, expired] = await Promise.all([
      makeCert({ ca, cn: 'client', client: true }),
      makeCert({ ca, cn: 'other', client: true }),
      makeCert({ ca, cn: 'old', client: true, days: -1 }),
    ]);
  });

  const nats = (cert: string, key: string, cas: string): string =>
    [
      'nats:',
      '  tls_enabled: true',
      block('ca_certs', cas, '  '),
      block('cert_chain', cert, '  '),
      block('private_key', key, '  '),
    ].join('\n');

  it('are accepted when they fit', () => {
    expect(problemsOf(nats(client.cert, client.key, ca.cert))).to.deep.equal([]);
    expect(problemsOf(nats(`${client.cert}${ca.cert}`, client.key, `${other.cert}${ca.cert}`))).to.deep.equal(
      [],
    );
    expect(problemsOf(`ca_certs:\n- |\n${ca.cert.replaceAll(/^/gmu, '  ')}`)).to.deep.equal([]);
  });

  it('are refused with a key of another', () => {
    const [problem, ...more] = problemsOf(nats(client.cert, other.key, ca.cert));
    expect(more).to.deep.equal([]);
    expect(problem?.message).to.equal(
      'Error loading NATS key pair: tls: private key does not match public key',
    );
    expect(JSON.stringify(problem)).to.not.include('BEGIN');
  });

  it('are refused when they have expired', () => {
    const [problem, ...more] = problemsOf(nats(expired.cert, expired.key, ca.cert));
    expect(more).to.deep.equal([]);
    expect(problem?.message).to.match(/^Error loading NATS key pair: x509: certificate has expired/u);
  });

  it('are refused when damaged', () => {
    const damaged = client.cert.replace(/\n[^\n]{20}/u, '\nAAAAAAAAAAAAAAAAAAAA');
    expect(problemsOf(nats(damaged, client.key, ca.cert))[0]?.message).to.include(
      'x509: malformed certificate',
    );
    const key = client.key.replace(/\n[^\n]{20}/u, '\nAAAAAAAAAAAAAAAAAAAA');
    expect(problemsOf(nats(client.cert, key, ca.cert))[0]?.message).to.include(
      'tls: failed to parse private key',
    );
  });
});
