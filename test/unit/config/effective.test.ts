import { expect } from 'chai';
import { effectiveYaml } from '../../../lib/config/effective.ts';
import { allOptions } from '../../../lib/config/schema.ts';
import { load } from '../../support/config-text.ts';

/** A value of every kind, none of them secret, many of them easily misread. */
const RICH = `
port: 81
zone: "no"
trace_key: "22"
healthcheck_user_agent: "a: b # c"
sticky_session_cookie_names: ["yes", "1.5", "", " x", "a,b", "ü", "null", "-", "it's", "12:30"]
endpoint_timeout: 1h0m0.5s
nats:
  hosts: [{hostname: a, port: 1}, {hostname: "::1"}]
  user: "~"
  ca_certs: "one\\ntwo\\n"
  embedded: {host: "::", port: 4333}
status: {user: "line\\nline", pass: ""}
verify_client_certificate_metadata:
- issuer_in_chain: {common_name: x, organization: [y]}
  valid_cert_subjects: [{common_name: "1"}, {country: [NO]}]
prometheus: {meters: {http_latency_histogram_buckets: [0.5, 1]}}
workers: {count: 3}
`;

function merged(into: unknown, from: unknown): unknown {
  if (!isObject(into) || !isObject(from)) return from;
  const both = Object.entries(from).map(([key, value]) => [key, merged(into[key], value)]);
  return { ...into, ...Object.fromEntries(both) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('the effective configuration', () => {
  it('reads back as the configuration that it was printed from', () => {
    for (const text of ['', RICH]) {
      const { config, problems } = load(text);
      expect(problems.filter(({ severity }) => severity === 'error')).to.deep.equal([]);
      const printed = load(effectiveYaml(config));
      expect(printed.problems.filter(({ severity }) => severity === 'error')).to.deep.equal([]);
      expect(printed.config).to.deep.equal(config);
    }
  });

  it('has flags and derived values in place', () => {
    const yaml = effectiveYaml(load('endpoint_timeout: 9s', { port: 1234, workerCount: 5 }).config);
    expect(yaml).to.match(/^port: 1234$/mu);
    expect(yaml).to.match(/^ {2}count: 5$/mu);
    expect(yaml).to.match(/^drain_timeout: 9s$/mu);
  });

  it('marks what has no effect', () => {
    const yaml = effectiveYaml(load('route_services_recommend_https: no').config);
    expect(yaml).to.match(/^route_services_recommend_https: false # has no effect$/mu);
    expect(yaml).to.match(/^enable_http2: true$/mu);
  });

  it('has no secret in it, wherever one may stand', () => {
    const secrets = [...allOptions()].filter(({ option }) => option.secret === 'yes').map(({ name }) => name);
    expect(secrets).to.include.members([
      'nats.pass',
      'nats.private_key',
      'status.pass',
      'status.tls.key',
      'backends.private_key',
      'route_services_secret',
      'route_services_secret_decrypt_only',
      'route_services.private_key',
      'oauth.client_secret',
      'routing_api.private_key',
      'snapshot.redis.private_key',
    ]);
    const tree = secrets.map((name) => {
      return name.split('.').reduceRight<unknown>((value, key) => ({ [key]: value }), 'hunter2');
    });
    const url = 'rediss://me:hunter2@r:6379/1?auth=hunter2';
    tree.push({ tls_pem: [{ cert_chain: 'shown', private_key: 'hunter2' }], snapshot: { redis: { url } } });
    // JSON is YAML.
    const yaml = effectiveYaml(load(JSON.stringify(tree.reduce(merged, {}))).config);
    expect(yaml).to.not.include('hunter2');
    expect(yaml).to.include('shown').and.to.include('r:6379/1').and.to.include('me:');
    expect(yaml.match(/<masked>/gu)).to.have.lengthOf(secrets.length + 1);
  });

  it('shows that a secret is empty', () => {
    expect(effectiveYaml(load('').config))
      .to.match(/^ {2}pass: ""$/mu)
      .and.to.not.include('<masked>');
  });
});
