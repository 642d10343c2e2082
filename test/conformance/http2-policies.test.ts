import { expect } from 'chai';
import { parseTemplate } from '../../lib/error-page/template.ts';
import { responseHeadCheck } from '../../lib/request/response-limits.ts';
import { headerRewrite } from '../../lib/request/rewrite.ts';
import { headTracer } from '../../lib/tracing/trace-request.ts';
import { closingAfterEach } from '../support/closing.ts';
import { ask, field } from '../support/http2/ask.ts';
import { http2Client, http2Port } from '../support/http2/front.ts';
import { type LaneOptions, recordOf, route, startFastLane } from '../support/lane-fixture.ts';
import { answering, ok, type Script, ScriptedBackend } from '../support/scripted-backend.ts';

describe('HTTP/2 clients, and what is configured for requests', () => {
  const closing = closingAfterEach();

  async function stage(script: Script, options: LaneOptions) {
    const lane = await startFastLane(options);
    closing(() => lane.stop());
    const backend = await ScriptedBackend.start(script, closing);
    route(lane, 'a.example.com', [backend]);
    const client = await http2Client(await http2Port(lane, closing), closing);
    return { lane, backend, client };
  }

  it('have their traces joined', async () => {
    const trace = headTracer({ b3: true, w3c: true, tenant: '' });
    const { lane, backend, client } = await stage(answering(ok()), { settings: { trace } });

    await ask(client, { b3: '463ac35c9f6413ad-a2fb4a1d1a96d312-1' });

    expect(backend.received).to.include('\r\nb3: 463ac35c9f6413ad-a2fb4a1d1a96d312-1\r\n');
    expect(backend.received).to.include(
      '\r\nTraceparent: 00-0000000000000000463ac35c9f6413ad-a2fb4a1d1a96d312-01\r\n',
    );
    const line = lane.lines.find(({ message }) => message === 'backend');
    expect(line?.data).to.include({ 'trace-id': '463ac35c9f6413ad', 'span-id': 'a2fb4a1d1a96d312' });
  });

  it('get rewritten answers, proxied, interim and ours', async () => {
    const rewrite = headerRewrite({
      remove: ['X-App', 'Content-Length'],
      addIfAbsent: [{ name: 'X-Frame-Options', value: 'DENY' }],
    });
    const { client } = await stage(
      answering(`HTTP/1.1 103 Early Hints\r\nX-App: 1\r\nLink: a\r\n\r\n${ok('ok', 'X-App: 1')}`),
      { settings: { rewrite } },
    );

    const proxied = await ask(client, {});
    const own = await ask(client, { ':authority': 'no.example.com' });

    for (const fields of [proxied.fields, own.fields, proxied.interim[0]!]) {
      expect(field(fields, 'x-frame-options')).to.equal('DENY');
      expect(field(fields, 'x-app')).to.equal(undefined);
    }
    expect(field(proxied.fields, 'content-length')).to.equal('2');
  });

  it('get error pages', async () => {
    const errorPage = parseTemplate('<p>{{.Status}} {{.Message}}</p>');
    const { client } = await stage(answering(ok()), { settings: { errorPage } });

    const answer = await ask(client, { ':authority': 'no.example.com' });

    const body = '<p>404 Requested route (&#39;no.example.com&#39;) does not exist.</p>';
    expect(answer.body.toString()).to.equal(body);
    expect(field(answer.fields, 'content-type')).to.equal('text/html; charset=utf-8');
    expect(field(answer.fields, 'content-length')).to.equal(String(body.length));
  });

  it('have their answers held to the limits of response heads', async () => {
    const { client } = await stage(answering(ok('ok', 'A: 1', 'B: 2')), {
      settings: { responseHeadProblem: responseHeadCheck(0, 2) },
    });

    const answer = await ask(client, {});

    expect(answer.status).to.equal(502);
    expect(field(answer.fields, 'x-cf-routererror')).to.equal('endpoint_failure (Too many response headers)');
  });

  it('have their own endpoint timeout', async () => {
    const { lane, client } = await stage(() => {}, {
      endpoints: { endpointTimeoutMs: 600_000, http2EndpointTimeoutMs: 50 },
    });

    const answer = await ask(client, {});

    expect(answer.status).to.equal(502);
    expect(field(answer.fields, 'x-cf-routererror')).to.equal('endpoint_failure (context deadline exceeded)');
    expect((await recordOf(lane)).protocol).to.equal('HTTP/2.0');
  });

  it('reach the instances that they ask for by header', async () => {
    const guid = '11111111-2222-3333-4444-555555555555';
    const { client } = await stage(answering(ok()), {});

    const answer = await ask(client, { 'x-cf-app-instance': `${guid}:7` });

    expect(answer.body.toString()).to.equal(
      `400 Bad Request: Requested instance ('7') with guid ('${guid}') does not exist for route ('a.example.com')\n`,
    );
  });
});
