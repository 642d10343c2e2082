import { expect } from 'chai';
import { linesText } from '../../../lib/http1/lines-text.ts';
import { pairsOf, type RequestHeadersContext, requestFields } from '../../../lib/request/headers-in.ts';
import { ownPairs, ownText } from '../../../lib/request/own-fields.ts';
import type { RequestHead } from '../../../lib/request/request-head.ts';
import type { RequestSettings } from '../../../lib/request/settings.ts';
import { anEndpoint } from '../../support/endpoint-fixture.ts';
import { aHead, requestSettings, valuesOf } from '../../support/request-fixture.ts';

interface Given {
  readonly head?: Partial<RequestHead>;
  readonly headers?: readonly string[];
  readonly settings?: Partial<RequestSettings>;
  readonly context?: Partial<RequestHeadersContext>;
}

function outgoing({ head, headers = [], settings, context }: Given): string[] {
  const fields = requestFields(aHead({ headers: ['Host', 'a.com', ...headers], ...head }), {
    host: 'a.com',
    endpoint: anEndpoint(),
    requestId: 'our-id',
    nowMs: 1_700_000_000_123.9,
    settings: requestSettings(settings),
    upgrade: undefined,
    framing: [],
    ...context,
  });
  expect(ownText(fields.own), 'as text').to.equal(linesText(ownPairs(fields.own)));
  return pairsOf(fields);
}

const OURS = [
  ...['X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'http', 'X-Request-Start', '1700000000123'],
  ...['X-Vcap-Request-Id', 'our-id', 'X-Cf-Applicationid', 'app-guid'],
  ...['X-Cf-Instanceid', 'instance-8080', 'X-Cf-Instanceindex', '0'],
];

describe('requestFields', () => {
  it("keeps the client's order, case and duplicates, and adds ours after", () => {
    const headers = [
      'x-b',
      '2',
      'HOST',
      'A.com:80',
      'Cookie',
      'a=1',
      'X-B',
      '1',
      'cookie',
      'b=2',
      'accept',
      '',
    ];
    expect(outgoing({ head: { headers }, context: { host: 'A.com:80' } })).to.deep.equal([
      ...headers,
      ...OURS,
    ]);
  });

  it('rewrites Host in its place, or puts one in front', () => {
    const rewritten = outgoing({
      head: { headers: ['A', '1', 'host', 'x', 'B', '2'] },
      context: { host: 'uri.com' },
    });
    expect(rewritten.slice(0, 6)).to.deep.equal(['A', '1', 'host', 'uri.com', 'B', '2']);
    const added = outgoing({ head: { headers: ['A', '1'] }, context: { host: 'uri.com' } });
    expect(added.slice(0, 4)).to.deep.equal(['Host', 'uri.com', 'A', '1']);
  });

  it("places the lane's framing instead of the client's", () => {
    const headers = ['Content-Length', '5', 'transfer-encoding', 'chunked', 'X', 'y'];
    const sent = outgoing({ headers, context: { framing: ['Content-Length', '7'] } });
    expect(sent).to.deep.equal(['Host', 'a.com', 'X', 'y', 'Content-Length', '7', ...OURS]);
  });

  const fields: readonly (Given & { name: string; field: string; expect: readonly string[] })[] = [
    {
      name: 'joins incoming X-Forwarded-For values and the client',
      headers: ['X-Forwarded-For', '1.1.1.1', 'x-forwarded-for', 'bogus, 2.2.2.2'],
      field: 'x-forwarded-for',
      expect: ['1.1.1.1, bogus, 2.2.2.2, 203.0.113.9'],
    },
    {
      name: 'leaves empty X-Forwarded-For values out',
      headers: ['X-Forwarded-For', ''],
      field: 'x-forwarded-for',
      expect: ['203.0.113.9'],
    },
    {
      name: 'passes X-Forwarded-Proto on',
      headers: ['X-Forwarded-Proto', 'HTTPS', 'X-Forwarded-Proto', 'wss'],
      field: 'x-forwarded-proto',
      expect: ['HTTPS', 'wss'],
    },
    {
      name: 'replaces an empty X-Forwarded-Proto',
      headers: ['X-Forwarded-Proto', ''],
      field: 'x-forwarded-proto',
      expect: ['http'],
    },
    {
      name: 'says https of a TLS connection',
      head: { tls: true },
      field: 'x-forwarded-proto',
      expect: ['https'],
    },
    {
      name: 'sanitises X-Forwarded-Proto',
      headers: ['X-Forwarded-Proto', 'https'],
      settings: { sanitizeForwardedProto: true },
      field: 'x-forwarded-proto',
      expect: ['http'],
    },
    {
      name: 'forces https',
      headers: ['X-Forwarded-Proto', 'http'],
      settings: { forceForwardedProtoHttps: true, sanitizeForwardedProto: true },
      field: 'x-forwarded-proto',
      expect: ['https'],
    },
    {
      name: 'always_forward passes X-Forwarded-Client-Cert',
      head: { tls: true, clientCertificate: '' },
      headers: ['X-Forwarded-Client-Cert', 'theirs'],
      settings: { forwardedClientCert: 'always_forward' },
      field: 'x-forwarded-client-cert',
      expect: ['theirs'],
    },
    {
      name: 'always_forward passes it beside a certificate, nominated or not',
      head: { tls: true, clientCertificate: 'MIIC' },
      headers: ['X-Forwarded-Client-Cert', 'theirs', 'Connection', 'X-Forwarded-Client-Cert'],
      settings: { forwardedClientCert: 'always_forward' },
      field: 'x-forwarded-client-cert',
      expect: ['theirs'],
    },
    {
      name: 'forward passes it from a client with a certificate',
      head: { tls: true, clientCertificate: 'MIIC' },
      headers: ['X-Forwarded-Client-Cert', 'theirs', 'Connection', 'X-Forwarded-Client-Cert'],
      settings: { forwardedClientCert: 'forward' },
      field: 'x-forwarded-client-cert',
      expect: ['theirs'],
    },
    {
      name: 'forward removes it from one without',
      head: { tls: true, clientCertificate: '' },
      headers: ['X-Forwarded-Client-Cert', 'theirs'],
      settings: { forwardedClientCert: 'forward' },
      field: 'x-forwarded-client-cert',
      expect: [],
    },
    {
      name: 'sanitize_set replaces it',
      head: { tls: true, clientCertificate: 'MIIC' },
      headers: ['X-Forwarded-Client-Cert', 'theirs', 'Connection', 'X-Forwarded-Client-Cert'],
      settings: { forwardedClientCert: 'sanitize_set' },
      field: 'x-forwarded-client-cert',
      expect: ['MIIC'],
    },
    {
      name: 'sanitize_set removes it without a certificate',
      head: { tls: true, clientCertificate: '' },
      headers: ['X-Forwarded-Client-Cert', 'theirs'],
      settings: { forwardedClientCert: 'sanitize_set' },
      field: 'x-forwarded-client-cert',
      expect: [],
    },
    {
      name: 'keeps X-Request-Start',
      headers: ['X-Request-Start', '1', 'x-request-start', '2'],
      field: 'x-request-start',
      expect: ['1', '2'],
    },
    {
      name: 'overwrites X-Vcap-Request-Id',
      headers: ['X-Vcap-Request-Id', 'theirs', 'x-vcap-request-id', 'too'],
      field: 'x-vcap-request-id',
      expect: ['our-id'],
    },
    {
      name: 'replaces a claimed application id',
      headers: ['X-CF-ApplicationID', 'forged', 'X-Cf-Applicationid', 'forged'],
      field: 'x-cf-applicationid',
      expect: ['app-guid'],
    },
    {
      name: 'sends an empty application id where there is none',
      context: { endpoint: anEndpoint({ appId: '' }) },
      field: 'x-cf-applicationid',
      expect: [''],
    },
    {
      name: 'sends the address where there is no instance id',
      headers: ['X-CF-InstanceID', 'forged'],
      context: { endpoint: anEndpoint({ instanceId: '' }) },
      field: 'x-cf-instanceid',
      expect: ['10.0.0.1:8080'],
    },
    {
      name: 'sends an empty instance index',
      headers: ['x-cf-instanceindex', 'forged'],
      context: { endpoint: anEndpoint({ instanceIndex: '' }) },
      field: 'x-cf-instanceindex',
      expect: [''],
    },
    {
      name: 'lets no registered text end a line',
      context: { endpoint: anEndpoint({ appId: 'a\r\nX-Evil: 1' }) },
      field: 'x-cf-applicationid',
      expect: ['a  X-Evil: 1'],
    },
    {
      name: 'removes X-CF-App-Instance',
      headers: ['X-CF-App-Instance', 'x:0'],
      field: 'x-cf-app-instance',
      expect: [],
    },
    {
      name: 'passes X-CF-Process-Instance',
      headers: ['X-CF-Process-Instance', 'x'],
      field: 'x-cf-process-instance',
      expect: ['x'],
    },
    ...['X-CF-Proxy-Signature', 'X-CF-Forwarded-Url', 'X-CF-Proxy-Metadata'].map((name) => ({
      name: `removes a forged ${name}`,
      headers: [name, 'forged'],
      field: name.toLowerCase(),
      expect: [],
    })),
    ...[
      'X_Forwarded_For',
      'x_forwarded-proto',
      'X-Forwarded_Client-Cert',
      'X_Vcap_Request_Id',
      'X_CF_InstanceID',
      'X_Real_IP',
    ].map((name) => ({
      name: `removes the underscore twin ${name}`,
      headers: [name, 'forged'],
      field: name.toLowerCase(),
      expect: [],
    })),
    {
      name: 'keeps other names with underscores',
      headers: ['X_Custom_Id', '1'],
      field: 'x_custom_id',
      expect: ['1'],
    },
    {
      name: 'never forwards HTTP2-Settings',
      headers: ['HTTP2-Settings', 'x'],
      field: 'http2-settings',
      expect: [],
    },
    { name: 'keeps TE: trailers', headers: ['TE', 'gzip, Trailers'], field: 'te', expect: ['trailers'] },
    { name: 'drops any other TE', headers: ['TE', 'gzip'], field: 'te', expect: [] },
    {
      name: 'drops Upgrade of a request that is none',
      headers: ['Upgrade', 'h2c'],
      field: 'upgrade',
      expect: [],
    },
    {
      name: 'puts Upgrade back where it was asked for',
      headers: ['Connection', 'Upgrade', 'Upgrade', 'websocket'],
      context: { upgrade: 'websocket' },
      field: 'upgrade',
      expect: ['websocket'],
    },
    {
      name: 'puts Connection back with Upgrade and nothing else',
      headers: ['Connection', 'keep-alive, Upgrade, X-Y', 'Upgrade', 'websocket'],
      context: { upgrade: 'websocket' },
      field: 'connection',
      expect: ['Upgrade'],
    },
    { name: 'passes Expect', headers: ['Expect', '100-continue'], field: 'expect', expect: ['100-continue'] },
    {
      name: 'passes XFCC, Forwarded, Via and the like',
      headers: ['Via', '1', 'Forwarded', 'for=x', 'X-Forwarded-Client-Cert', 'cert', 'Via', '2'],
      field: 'via',
      expect: ['1', '2'],
    },
    {
      name: 'removes a nominated field',
      headers: ['Connection', 'X-Y', 'x-y', '1'],
      field: 'x-y',
      expect: [],
    },
    {
      name: 'keeps a nominated field that the configuration protects',
      headers: ['Connection', 'X-Y', 'x-y', '1'],
      settings: { hopByHopHeadersToFilter: new Set(['x-y']) },
      field: 'x-y',
      expect: ['1'],
    },
  ];

  for (const { name, field, expect: expected, ...given } of fields) {
    it(name, () => {
      expect(valuesOf(outgoing(given), field)).to.deep.equal(expected);
    });
  }

  it('loses none of its own fields to a Connection that names them all', () => {
    const names = OURS.filter((_, i) => i % 2 === 0).join(', ');
    const sent = outgoing({ headers: ['Connection', `${names}, Host, Cookie`, 'Cookie', 'a=1'] });
    expect(sent).to.deep.equal(['Host', 'a.com', 'Cookie', 'a=1', ...OURS]);
  });
});
