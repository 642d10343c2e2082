import { expect } from 'chai';
import { accessLine } from '../../lib/log/access-line.ts';
import { accessLogOptions } from '../../lib/log/access-options.ts';
import { B3_FIELDS } from '../../lib/tracing/b3.ts';
import { headTracer } from '../../lib/tracing/trace-request.ts';
import { W3C_FIELDS } from '../../lib/tracing/w3c.ts';
import { deadPort, describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

const tracing = (b3: boolean, w3c: boolean) => ({
  trace: headTracer({ b3, w3c, tenant: '' }),
  extraHeadersToLog: ['X-Mine', ...(b3 ? B3_FIELDS : []), ...(w3c ? W3C_FIELDS : [])],
});

const get = (...lines: string[]): string =>
  ['GET / HTTP/1.1', 'Host: app.test', ...lines, '', ''].join('\r\n');

describeLane('tracing', (stage) => {
  it('begins one trace for endpoint, client and log: B3 and W3C', async () => {
    const lane = await stage.start({ settings: tracing(true, true) });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(get('X-B3-SpanId: lone', 'X-Mine: m'));

    const { requestId, ...record } = await recordOf(lane);
    expect(requestId).to.match(UUID);
    const trace = requestId.replaceAll('-', '');
    const span = trace.slice(16);
    expect(answer.header('x-vcap-request-id')).to.equal(requestId);
    expect(answer.head).not.to.match(/^(?:x-b3|b3|trace)/im);
    expect(backend.received.split('\r\n').slice(0, 8)).to.deep.equal([
      'GET / HTTP/1.1',
      'Host: app.test',
      'X-Mine: m',
      `X-B3-Traceid: ${trace}`,
      `X-B3-Spanid: ${span}`,
      `B3: ${trace}-${span}`,
      `Traceparent: 00-${trace}-${span}-01`,
      `Tracestate: gorouter=${span}`,
    ]);
    const options = accessLogOptions({
      disableLogForwardedFor: false,
      disableLogSourceIp: false,
      redactQueryParams: 'none',
      extraFields: [],
      extraHeaders: tracing(true, true).extraHeadersToLog,
    });
    expect(accessLine({ requestId, ...record }, options)).to.match(
      new RegExp(
        ` x_cf_routererror:"-" x_mine:"m" x_b3_traceid:"${trace}" x_b3_spanid:"${span}" x_b3_parentspanid:"-" ` +
          `b3:"${trace}-${span}" traceparent:"00-${trace}-${span}-01" tracestate:"gorouter=${span}"$`,
      ),
    );
  });

  it('joins a trace, and is told in every line of the log about the request', async () => {
    const lane = await stage.start({ settings: tracing(false, true) });
    route(lane, 'app.test', [{ port: await deadPort() }]);
    const client = await stage.client(lane);

    await client.ask(get(`traceparent: 00-${TRACE}-${SPAN}-00`, 'tracestate: other=1'));

    const { requestId, extraHeaders } = await recordOf(lane);
    expect(requestId).to.equal('0af76519-16cd-43dd-8448-eb211c80319c');
    const [, parent = '', state] = extraHeaders;
    const own = parent.split('-')[2]!;
    expect(parent).to.equal(`00-${TRACE}-${own}-00`);
    expect(own).not.to.equal(SPAN);
    expect(state).to.equal(`gorouter=${own},other=1`);
    const about = ['vcap-request-id-header-set', 'backend', 'backend-endpoint-failed', 'status'];
    for (const message of about) {
      const line = lane.lines.find((one) => one.message === message);
      expect(Object.entries(line?.data ?? {}).slice(0, 2), message).to.deep.equal([
        ['trace-id', TRACE],
        ['span-id', own],
      ]);
    }
  });

  it('leaves B3 fields that it cannot read to the endpoint, and says so once', async () => {
    const lane = await stage.start({ settings: tracing(true, false) });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('X-B3-TraceId: nonsense', `X-B3-SpanId: ${SPAN}`));

    const { requestId } = await recordOf(lane);
    expect(backend.received).to.include(`\r\nX-B3-TraceId: nonsense\r\nX-B3-SpanId: ${SPAN}\r\n`);
    expect(backend.received).not.to.match(/\r\nb3:/i);
    const lines = lane.lines.filter(({ message }) => message === 'failed-to-parse-b3-trace-id');
    expect(lines.map(({ level, data }) => ({ level, data }))).to.deep.equal([
      { level: 'info', data: { vcap_request_id: requestId, error: 'invalid X-B3-TraceId' } },
    ]);
  });

  it('cannot be lost by naming its fields in Connection', async () => {
    const lane = await stage.start({ settings: tracing(true, true) });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    await client.ask(get('Connection: b3, X-B3-TraceId, X-B3-SpanId, traceparent, tracestate'));

    for (const name of ['X-B3-Traceid', 'X-B3-Spanid', 'B3', 'Traceparent', 'Tracestate']) {
      expect(backend.received).to.include(`\r\n${name}: `);
    }
  });

  it('counts its fields for max_request_headers', async () => {
    const fields = { maxRequestHeaders: 4 };
    const lane = await stage.start({ settings: { ...fields, ...tracing(true, false) } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    expect((await client.ask(get())).startLine).to.equal('HTTP/1.1 200 OK');
    expect((await client.ask(get('A: 1'))).startLine).to.equal(
      'HTTP/1.1 431 Request Header Fields Too Large',
    );
  });

  it('does nothing when it is off', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const sent = ['X-B3-TraceId: a', `traceparent: 00-${TRACE}-${SPAN}-00`, 'tracestate: x=1'];

    await client.ask(get(...sent));

    expect(backend.received).to.include(`\r\n${sent.join('\r\n')}\r\nX-Forwarded-For: `);
    expect((await recordOf(lane)).requestId).to.match(UUID);
  });
});
