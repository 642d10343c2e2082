import { expect } from 'chai';
import { parseRegistration } from '../../../lib/feed/message.ts';
import { type Endpoint, NO_OPTIONS } from '../../../lib/routes/endpoint.ts';

const LIMITS = { enableHttp2: true, staleThresholdMs: 120_000 };

const EMPTY: Endpoint = {
  address: ':0',
  host: '',
  port: 0,
  tls: false,
  appId: '',
  instanceId: '',
  instanceIndex: '',
  serverCertDomainSan: '',
  protocol: 'http1',
  availabilityZone: '',
  isolationSegment: '',
  routeServiceUrl: '',
  staleThresholdMs: 120_000,
  updatedAtNs: '0',
  tags: null,
  options: NO_OPTIONS,
};

function accepted(payload: string | Uint8Array, limits = LIMITS) {
  const result = parseRegistration(payload, limits);
  if (!result.ok) throw new Error(`refused: ${result.error}`);
  return result;
}

describe('parseRegistration', () => {
  it('reads every field of a complete message', () => {
    const { registration, optionProblems } = accepted(
      `{"host":"10.10.1.7","tls_port":61002,"port":61001,"uris":["shop.example.com","shop.example.com/api"],
       "app":"f2a3e0a7","private_instance_id":"6f1de3a0-5f3c","private_instance_index":"3",
       "server_cert_domain_san":"6f1de3a0-5f3c.san","tags":{"component":"route-emitter"},
       "availability_zone":"z1","isolation_segment":"a-long-segment","protocol":"http2",
       "stale_threshold_in_seconds":60,"endpoint_updated_at_ns":1745000000123456789,
       "route_service_url":"https://rs.example.com","options":{"loadbalancing":"least-connection"}}`,
    );
    expect(optionProblems).to.deep.equal([]);
    expect(registration).to.deep.equal({
      uris: ['shop.example.com', 'shop.example.com/api'],
      endpoint: {
        address: '10.10.1.7:61002',
        host: '10.10.1.7',
        port: 61_002,
        tls: true,
        appId: 'f2a3e0a7',
        instanceId: '6f1de3a0-5f3c',
        instanceIndex: '3',
        serverCertDomainSan: '6f1de3a0-5f3c.san',
        protocol: 'http2',
        availabilityZone: 'z1',
        isolationSegment: 'a-long-segment',
        routeServiceUrl: 'https://rs.example.com',
        staleThresholdMs: 60_000,
        updatedAtNs: '1745000000123456789',
        tags: { component: 'route-emitter' },
        options: { ...NO_OPTIONS, loadbalancing: 'least-connection' },
      },
    });
  });

  const lenient: { name: string; given: string; uris?: string[]; expect?: Partial<Endpoint> }[] = [
    { name: 'takes an empty object for a message without effect', given: '{}' },
    { name: 'takes null for an empty message', given: 'null' },
    {
      name: 'allows white space around the object',
      given: ' \r\n\t{"host":"a"} \n',
      expect: { host: 'a', address: 'a:0' },
    },
    {
      name: 'finds keys in another case',
      given: '{"HOST":"a","Port":80,"URIs":["x"]}',
      uris: ['x'],
      expect: { host: 'a', port: 80, address: 'a:80' },
    },
    {
      name: 'keeps nanoseconds exact under a key in another case',
      given: '{"Endpoint_Updated_At_NS":1745000000123456789}',
      expect: { updatedAtNs: '1745000000123456789' },
    },
    {
      name: 'lets the last of two keys that differ in case win',
      given: '{"host":"a","HOST":"b"}',
      expect: { host: 'b', address: 'b:0' },
    },
    {
      name: 'lets null say nothing beside the same key in another case',
      given: '{"host":"a","HOST":null}',
      expect: { host: 'a', address: 'a:0' },
    },
    {
      name: 'lets the last of two equal keys win',
      given: '{"port":1,"port":2}',
      expect: { port: 2, address: ':2' },
    },
    {
      name: 'ignores unknown keys, whatever they hold',
      given: '{"dea":1.5,"index":[{"port":8080.0}],"dial_timeout":1e999,"__proto__":{"host":"x"}}',
    },
    {
      name: 'takes null for an absent field',
      given:
        '{"host":null,"port":null,"tls_port":null,"uris":null,"app":null,"private_instance_id":null,"private_instance_index":null,"tags":null,"availability_zone":null,"server_cert_domain_san":null,"protocol":null,"stale_threshold_in_seconds":null,"isolation_segment":null,"route_service_url":null,"endpoint_updated_at_ns":null,"options":null}',
    },
    {
      name: 'uses port when tls_port is 0',
      given: '{"host":"a","port":80,"tls_port":0}',
      expect: { host: 'a', port: 80, tls: false, address: 'a:80' },
    },
    {
      name: 'uses tls_port when both are given',
      given: '{"host":"a","port":80,"tls_port":443}',
      expect: { host: 'a', port: 443, tls: true, address: 'a:443' },
    },
    {
      name: 'accepts the highest port',
      given: '{"port":65535}',
      expect: { port: 65_535, address: ':65535' },
    },
    { name: 'ignores null and empty uris', given: '{"uris":["a",null,"","b"]}', uris: ['a', 'b'] },
    {
      name: 'keeps the spelling of uris',
      given: '{"uris":["App.Example.com/V1/?x=1"]}',
      uris: ['App.Example.com/V1/?x=1'],
    },
    { name: 'takes an empty protocol for http1', given: '{"protocol":""}', expect: { protocol: 'http1' } },
    { name: 'keeps any other protocol', given: '{"protocol":"h9"}', expect: { protocol: 'h9' } },
    { name: 'takes a null tag for an empty one', given: '{"tags":{"a":null}}', expect: { tags: { a: '' } } },
    {
      name: 'keeps a tag with a name known to objects',
      given: '{"tags":{"toString":"x"}}',
      expect: { tags: { toString: 'x' } as unknown as Record<string, string> },
    },
    {
      name: 'lets an own threshold lower that of the router',
      given: '{"stale_threshold_in_seconds":7}',
      expect: { staleThresholdMs: 7000 },
    },
    {
      name: 'does not let an own threshold raise that of the router',
      given: '{"stale_threshold_in_seconds":121}',
      expect: { staleThresholdMs: 120_000 },
    },
    {
      name: 'takes a threshold of 64 bits',
      given: '{"stale_threshold_in_seconds":9223372036854775807}',
      expect: { staleThresholdMs: 120_000 },
    },
    {
      name: 'takes a threshold of 0 for that of the router',
      given: '{"stale_threshold_in_seconds":-0}',
      expect: { staleThresholdMs: 120_000 },
    },
    {
      name: 'keeps a negative threshold',
      given: '{"stale_threshold_in_seconds":-1}',
      expect: { staleThresholdMs: -1000 },
    },
    {
      name: 'takes nanoseconds that a double holds',
      given: '{"endpoint_updated_at_ns":-12}',
      expect: { updatedAtNs: '-12' },
    },
    {
      name: 'takes the largest int64',
      given: '{"endpoint_updated_at_ns": 9223372036854775807}',
      expect: { updatedAtNs: '9223372036854775807' },
    },
    {
      name: 'takes the smallest int64',
      given: '{"endpoint_updated_at_ns":\n-9223372036854775808}',
      expect: { updatedAtNs: '-9223372036854775808' },
    },
    {
      name: 'is not misled by a namesake in a nested object',
      given:
        '{"x":{"endpoint_updated_at_ns":1745000000000000001},"endpoint_updated_at_ns":1745000000000000002,"y":{"endpoint_updated_at_ns":1745000000000000003}}',
      expect: { updatedAtNs: '1745000000000000002' },
    },
    {
      name: 'is not misled by a key spelled with escapes',
      given:
        '{"x":{"endpoint_updated_at_ns":1745000000000000001},"endpoint\\u005fupdated_at_ns":1745000000000000002}',
      expect: { updatedAtNs: '1745000000000000002' },
    },
    {
      name: 'keeps nanoseconds exact beside a fraction',
      given: '{"options":{"hash_balance":1.25},"endpoint_updated_at_ns":1745000000123456789}',
      expect: { updatedAtNs: '1745000000123456789', options: { ...NO_OPTIONS, hashBalance: 1.25 } },
    },
    {
      name: 'does not take text for a number with fraction',
      given: '{"host":":1.5","port":80}',
      expect: { host: ':1.5', port: 80, address: ':1.5:80' },
    },
    {
      name: 'replaces half a surrogate pair',
      given: '{"app":"a\\ud800b","uris":["\\udfff"],"tags":{"t":"\\ud800"}}',
      uris: ['\ufffd'],
      expect: { appId: 'a\ufffdb', tags: { t: '\ufffd' } },
    },
    {
      name: 'accepts http2 in any case of its own',
      given: '{"protocol":"HTTP2"}',
      expect: { protocol: 'HTTP2' },
    },
    {
      name: 'does not mind a route service in upper case https only as a prefix',
      given: '{"route_service_url":"httpsx"}',
      expect: { routeServiceUrl: 'httpsx' },
    },
  ];
  for (const { name, given, uris, expect: wanted } of lenient) {
    it(name, () => {
      const { registration } = accepted(given);
      expect(registration.endpoint).to.deep.equal({ ...EMPTY, ...wanted });
      expect(registration.uris).to.deep.equal(uris ?? []);
    });
  }

  const strict: { name: string; given: string; kind: string; error?: RegExp }[] = [
    { name: 'an empty body', given: '', kind: 'json', error: /unexpected end of JSON input/i },
    { name: 'white space alone', given: '  ', kind: 'json' },
    { name: 'a cut object', given: '{"host":"a"', kind: 'json' },
    { name: 'anything behind the object', given: '{} x', kind: 'json' },
    { name: 'a second object', given: '{}{}', kind: 'json' },
    { name: 'a byte order mark', given: '\ufeff{}', kind: 'json' },
    { name: 'a control character inside a text', given: '{"host":"a\nb"}', kind: 'json' },
    { name: 'a list', given: '[]', kind: 'body', error: /object is expected, not a list/ },
    { name: 'a text', given: '"x"', kind: 'body' },
    { name: 'a number', given: '12', kind: 'body' },
    { name: 'true', given: 'true', kind: 'body' },
    {
      name: 'a number for a text',
      given: '{"host":10}',
      kind: 'host',
      error: /^host: text is expected, not 10$/,
    },
    {
      name: 'a number for a text beside a fraction',
      given: '{"host":10.5}',
      kind: 'host',
      error: /not 10\.5$/,
    },
    { name: 'an object for a text', given: '{"app":{}}', kind: 'app' },
    { name: 'false for a text', given: '{"protocol":false}', kind: 'protocol' },
    {
      name: 'a number for the instance index',
      given: '{"private_instance_index":0}',
      kind: 'private_instance_index',
    },
    { name: 'a number for the instance id', given: '{"private_instance_id":7}', kind: 'private_instance_id' },
    { name: 'a list for the SAN', given: '{"server_cert_domain_san":[]}', kind: 'server_cert_domain_san' },
    { name: 'a number for the zone', given: '{"availability_zone":1}', kind: 'availability_zone' },
    { name: 'a number for the segment', given: '{"isolation_segment":1}', kind: 'isolation_segment' },
    { name: 'a number for the route service', given: '{"route_service_url":1}', kind: 'route_service_url' },
    {
      name: 'a text for a port',
      given: '{"port":"80"}',
      kind: 'port',
      error: /^port: a whole number from 0 to 65535 is expected, not the text "80"$/,
    },
    { name: 'a port above 16 bits', given: '{"port":70000}', kind: 'port', error: /70000/ },
    { name: 'a negative port', given: '{"port":-1}', kind: 'port' },
    { name: 'a negative zero for a port', given: '{"port":-0}', kind: 'port' },
    { name: 'a port with a fraction of 0', given: '{"port":8080.0}', kind: 'port', error: /not 8080\.0$/ },
    { name: 'a port with a fraction behind white space', given: '{"port" :\n 8080.0}', kind: 'port' },
    { name: 'a port with an exponent', given: '{"port":8e3}', kind: 'port', error: /not 8e3$/ },
    { name: 'a TLS port with a fraction', given: '{"tls_port":1.5}', kind: 'tls_port' },
    { name: 'a port in another case with a fraction', given: '{"PORT":8080.0}', kind: 'port' },
    { name: 'an endless number for a port', given: '{"port":1e999}', kind: 'port' },
    { name: 'true for a TLS port', given: '{"tls_port":true}', kind: 'tls_port' },
    {
      name: 'a text for uris',
      given: '{"uris":"a.com"}',
      kind: 'uris',
      error: /^uris: a list of texts is expected, not the text "a.com"$/,
    },
    { name: 'an object for uris', given: '{"uris":{}}', kind: 'uris' },
    {
      name: 'a number among uris',
      given: '{"uris":["a",1]}',
      kind: 'uris',
      error: /^uris: only texts are expected in the list, not 1$/,
    },
    { name: 'a list among uris', given: '{"uris":["a",["b"]]}', kind: 'uris' },
    {
      name: 'a number for a tag',
      given: '{"tags":{"a":"x","b":1}}',
      kind: 'tags',
      error: /^tags: text is expected for "b", not 1$/,
    },
    { name: 'an object for a tag', given: '{"tags":{"b":{}}}', kind: 'tags' },
    { name: 'a list for tags', given: '{"tags":[]}', kind: 'tags' },
    { name: 'a number for tags', given: '{"tags":1.5}', kind: 'tags' },
    {
      name: 'a text for the threshold',
      given: '{"stale_threshold_in_seconds":"60"}',
      kind: 'stale_threshold_in_seconds',
    },
    {
      name: 'a fraction for the threshold',
      given: '{"stale_threshold_in_seconds":60.0}',
      kind: 'stale_threshold_in_seconds',
    },
    {
      name: 'a threshold beyond 64 bits',
      given: '{"stale_threshold_in_seconds":9223372036854775808}',
      kind: 'stale_threshold_in_seconds',
    },
    {
      name: 'nanoseconds with an exponent',
      given: '{"endpoint_updated_at_ns":1.5e18}',
      kind: 'endpoint_updated_at_ns',
      error: /not 1\.5e18$/,
    },
    {
      name: 'nanoseconds beyond 64 bits',
      given: '{"endpoint_updated_at_ns":9223372036854775808}',
      kind: 'endpoint_updated_at_ns',
    },
    {
      name: 'nanoseconds below 64 bits',
      given: '{"endpoint_updated_at_ns":-9223372036854775809}',
      kind: 'endpoint_updated_at_ns',
    },
    { name: 'nanoseconds as text', given: '{"endpoint_updated_at_ns":"1"}', kind: 'endpoint_updated_at_ns' },
    {
      name: 'a route service without TLS',
      given: '{"route_service_url":"http://x"}',
      kind: 'route_service_url',
      error: /^Unable to validate message\. route_service_url must be https$/,
    },
    {
      name: 'a route service with a scheme in upper case',
      given: '{"route_service_url":"HTTPS://x"}',
      kind: 'route_service_url',
      error: /must be https/,
    },
  ];
  for (const { name, given, kind, error } of strict) {
    it(`refuses ${name}`, () => {
      const result = parseRegistration(given, LIMITS);
      expect(result).to.include({ ok: false, kind });
      if (!result.ok && error !== undefined) expect(result.error).to.match(error);
    });
  }

  it('applies none of a message that has one bad field', () => {
    const result = parseRegistration('{"host":"a","port":80,"uris":["x"],"app":1}', LIMITS);
    expect(result).to.have.keys('ok', 'kind', 'error');
  });

  it('reads bytes, replacing invalid UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"app":"a'), Buffer.from([0xff]), Buffer.from('\u00e9b"}')]);
    expect(accepted(bytes).registration.endpoint.appId).to.equal('a\ufffd\u00e9b');
    expect(accepted(new Uint8Array(bytes)).registration.endpoint.appId).to.equal('a\ufffd\u00e9b');
  });

  it('stores http2 as http1 when HTTP/2 is off', () => {
    const off = { ...LIMITS, enableHttp2: false };
    expect(accepted('{"protocol":"http2"}', off).registration.endpoint.protocol).to.equal('http1');
    expect(accepted('{"protocol":"h9"}', off).registration.endpoint.protocol).to.equal('h9');
  });

  it('shares what many endpoints repeat', () => {
    const text =
      '{"private_instance_id":"0123456789abcdef","server_cert_domain_san":"0123456789abcdef",' +
      '"tags":{"component":"x"},"options":{"loadbalancing":"least-connection"}}';
    const one = accepted(text).registration.endpoint;
    const other = accepted(text).registration.endpoint;
    expect(other.tags).to.equal(one.tags);
    expect(other.options).to.equal(one.options);
    expect(accepted('{"options":{}}').registration.endpoint.options).to.equal(NO_OPTIONS);
  });
});
