import { expect } from 'chai';
import type { RequestSettings } from '../../lib/request/settings.ts';
import { fieldValues } from '../support/field-values.ts';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const get = (...lines: string[]): string =>
  ['GET / HTTP/1.1', 'Host: app.test', ...lines, '', ''].join('\r\n');

interface Case {
  readonly name: string;
  readonly settings?: Partial<RequestSettings>;
  readonly given: readonly string[];
  /** What the endpoint is told: values by name; undefined = no such field. */
  readonly expect: Readonly<Record<string, readonly string[]>>;
}

const CASES: readonly Case[] = [
  {
    name: 'nothing is taken for http',
    given: [],
    expect: { 'X-Forwarded-Proto': ['http'], 'X-Forwarded-For': ['127.0.0.1'] },
  },
  { name: 'a scheme passes', given: ['X-Forwarded-Proto: wss'], expect: { 'X-Forwarded-Proto': ['wss'] } },
  {
    name: 'an empty scheme is set',
    given: ['X-Forwarded-Proto:'],
    expect: { 'X-Forwarded-Proto': ['http'] },
  },
  {
    name: 'sanitize_forwarded_proto replaces it',
    settings: { sanitizeForwardedProto: true },
    given: ['X-Forwarded-Proto: https'],
    expect: { 'X-Forwarded-Proto': ['http'] },
  },
  {
    name: 'force_forwarded_proto_https wins',
    settings: { sanitizeForwardedProto: true, forceForwardedProtoHttps: true },
    given: ['X-Forwarded-Proto: http'],
    expect: { 'X-Forwarded-Proto': ['https'] },
  },
  {
    name: 'X-Forwarded-For is joined and never cleaned',
    given: ['X-Forwarded-For: evil, 1.2.3.4', 'X-Forwarded-For: 5.6.7.8'],
    expect: { 'X-Forwarded-For': ['evil, 1.2.3.4, 5.6.7.8, 127.0.0.1'] },
  },
  {
    name: 'X-Request-Start is kept, several times too',
    given: ['X-Request-Start: 1', 'X-Request-Start: t=2'],
    expect: { 'X-Request-Start': ['1', 't=2'] },
  },
  {
    name: 'claimed instance fields are replaced',
    given: ['X-CF-ApplicationID: evil', 'X-CF-InstanceID: evil', 'X-CF-InstanceIndex: evil'],
    expect: { 'X-Cf-Applicationid': ['app-1'], 'X-Cf-Instanceid': ['inst-1'], 'X-Cf-Instanceindex': ['7'] },
  },
  {
    name: 'Forwarded, Via, X-Real-IP and X-Forwarded-Host pass',
    given: ['Forwarded: for=x', 'Via: 1.1 a', 'X-Real-IP: 1', 'X-Forwarded-Host: h'],
    expect: { Forwarded: ['for=x'], Via: ['1.1 a'], 'X-Real-IP': ['1'], 'X-Forwarded-Host': ['h'] },
  },
  {
    name: 'User-Agent and Accept-Encoding are not invented',
    given: [],
    expect: { 'User-Agent': [], 'Accept-Encoding': [] },
  },
  {
    name: 'a field that Connection names is lost',
    given: ['Connection: X-Custom', 'X-Custom: 1'],
    expect: { 'X-Custom': [], Connection: [] },
  },
  {
    name: 'hop_by_hop_headers_to_filter keeps such a field, named in any case',
    settings: { hopByHopHeadersToFilter: new Set(['x-custom']) },
    given: ['Connection: x-CUSTOM, X-Other', 'X-Custom: 1', 'X-Other: 2'],
    expect: { 'X-Custom': ['1'], 'X-Other': [] },
  },
];

describeLane('fields towards the endpoint', (stage) => {
  for (const { name, settings = {}, given, expect: expected } of CASES) {
    it(name, async () => {
      const lane = await stage.start({ settings });
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [
        { port: backend.port, appId: 'app-1', instanceId: 'inst-1', instanceIndex: '7' },
      ]);
      const client = await stage.client(lane);

      await client.ask(get(...given));

      for (const [field, values] of Object.entries(expected)) {
        expect(fieldValues(backend.received, field), field).to.deep.equal(values);
      }
      const record = await recordOf(lane);
      expect(record.forwardedProto).to.equal(fieldValues(backend.received, 'X-Forwarded-Proto')[0]);
      expect(record.forwardedFor).to.equal(fieldValues(backend.received, 'X-Forwarded-For')[0]);
    });
  }

  it('X-CF-* are there, empty or with the address, where nothing was registered', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [{ port: backend.port, appId: '', instanceId: '', instanceIndex: '' }]);
    const client = await stage.client(lane);

    await client.ask(get());

    expect(fieldValues(backend.received, 'X-Cf-Applicationid')).to.deep.equal(['']);
    expect(fieldValues(backend.received, 'X-Cf-Instanceid')).to.deep.equal([`127.0.0.1:${backend.port}`]);
    expect(fieldValues(backend.received, 'X-Cf-Instanceindex')).to.deep.equal(['']);
    expect(fieldValues(backend.received, 'X-Request-Start')[0]).to.match(/^\d{13}$/);
  });
});

describeLane('health checks on the traffic port', (stage) => {
  const ask = async (healthcheckUserAgent: string, ...lines: string[]): Promise<string> => {
    const lane = await stage.start({ settings: { healthcheckUserAgent } });
    const client = await stage.client(lane);
    const answer = await client.ask(`POST /any?x HTTP/1.1\r\nHost: no.test\r\n${lines.join('')}\r\n`);
    await recordOf(lane);
    return `${answer.startLine} ${answer.header('x-vcap-request-id')}`;
  };
  const HEALTHY = 'HTTP/1.1 200 OK undefined';
  const UNKNOWN = 'HTTP/1.1 404 Not Found undefined';

  it('are told by the exact configured User-Agent', async () => {
    expect(await ask('probe/1', 'User-Agent: probe/1\r\n')).to.equal(HEALTHY);
    expect(await ask('probe/1', 'User-Agent: probe/10\r\n')).to.equal(UNKNOWN);
    expect(await ask('probe/1', 'User-Agent: Probe/1\r\n')).to.equal(UNKNOWN);
    expect(await ask('probe/1')).to.equal(UNKNOWN);
  });

  it('are told by its absence where none is configured', async () => {
    expect(await ask('')).to.equal(HEALTHY);
    expect(await ask('', 'User-Agent:\r\n')).to.equal(HEALTHY);
    expect(await ask('', 'User-Agent: HTTP-Monitor/1.1\r\n')).to.equal(UNKNOWN);
  });

  it('come before everything that is wrong with a request, and are exact', async () => {
    const lane = await stage.start({ settings: { maxRequestHeaders: 1 } });
    const client = await stage.client(lane);

    const answer = await client.ask(
      'GET / HTTP/1.1\r\nHost:\r\nUser-Agent: HTTP-Monitor/1.1\r\nX-CF-App-Instance: nonsense\r\n\r\n',
    );

    expect(answer.head.replace(/\r\nDate: [^\r]+/, '')).to.equal(
      'HTTP/1.1 200 OK\r\nCache-Control: private, max-age=0\r\nExpires: 0\r\nContent-Type: text/plain; charset=utf-8\r\n' +
        'Content-Length: 3\r\n\r\n',
    );
    expect(answer.body.toString()).to.equal('ok\n');
    expect((await recordOf(lane)).status).to.equal(200);
  });
});

describeLane('limits of request heads', (stage) => {
  /** Bytes of a head by the contract's formula: the request id that is added, and Host as part of the URL. */
  const bytesOf = (target: string, fields: readonly (readonly [string, string])[]): number =>
    'GET'.length +
    target.length +
    'HTTP/1.1'.length +
    4 +
    'app.test'.length +
    8 +
    fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0) +
    ('X-Vcap-Request-Id'.length + 36 + 4);

  it('are held to the byte: one below passes, as many are refused', async () => {
    const fields = [
      ['X-A', 'x'.repeat(200)],
      ['X-A', 'again'],
      ['Connection', 'keep-alive'],
    ] as const;
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    for (const [target, sent] of [
      ['/p?q=1', '/p?q=1'],
      ['/p', 'http://app.test/p'],
    ] as const) {
      const bytes = bytesOf(target, fields);
      for (const [limit, status] of [
        [bytes + 1, 200],
        [bytes, 431],
      ] as const) {
        const lane = await stage.start({ settings: { maxRequestHeaderBytes: limit } });
        const backend = await stage.backend(answering(ok()));
        route(lane, 'app.test', [backend]);
        const client = await stage.client(lane);
        const answer = await client.ask(`GET ${sent} HTTP/1.1\r\nHost: app.test\r\n${lines}\r\n`);
        expect(answer.startLine, `${sent} ${limit}`).to.match(new RegExp(`^HTTP/1\\.1 ${status} `));
      }
    }
  });

  it('count fields without Host, and with the request id', async () => {
    const lane = await stage.start({ settings: { maxRequestHeaders: 3 } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    expect((await client.ask(get('A: 1', 'A: 2'))).startLine).to.equal('HTTP/1.1 200 OK');
    const answer = await client.ask(get('A: 1', 'A: 2', 'A: 3'));

    expect(answer.head.replace(/\r\nDate: [^\r]+/, '')).to.equal(
      'HTTP/1.1 431 Request Header Fields Too Large\r\nX-Cf-Routererror: max-request-size-exceeded\r\n' +
        'Content-Length: 0\r\nConnection: close\r\n\r\n',
    );
    expect(await recordOf(lane, 1)).to.include({ status: 431, routerError: 'max-request-size-exceeded' });
  });

  it('come after the lookup: an unknown route is a 404, whatever the size', async () => {
    const lane = await stage.start({ settings: { maxRequestHeaders: 1 } });
    const client = await stage.client(lane);

    expect((await client.ask(get('A: 1', 'A: 2'))).startLine).to.equal('HTTP/1.1 404 Not Found');
  });
});

describeLane('X-Vcap-Trace', (stage) => {
  const ask = async (traceKey: string, ...lines: string[]) => {
    const lane = await stage.start({ settings: { traceKey } });
    const backend = await stage.backend(answering(ok('ok', 'X-App: 1')));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const answer = await client.ask(get(...lines));
    return { answer, address: `127.0.0.1:${backend.port}` };
  };

  it('with the key tells who served, with every field', async () => {
    const { answer, address } = await ask('22', 'X-Vcap-Trace: 22');
    expect(answer.header('x-vcap-router')).to.equal('10.0.0.9');
    expect(answer.header('x-vcap-backend')).to.equal(address);
    expect(answer.header('x-cf-routeendpoint')).to.equal(address);
  });

  for (const [name, key, lines] of [
    ['another key', '22', ['X-Vcap-Trace: 222']],
    ['no key', '22', []],
    ['an empty one where none is configured', '', ['X-Vcap-Trace:']],
  ] as const) {
    it(`with ${name} tells nothing`, async () => {
      const { answer } = await ask(key, ...lines);
      expect(answer.head).not.to.match(/x-vcap-router|x-vcap-backend|x-cf-routeendpoint/i);
    });
  }
});
