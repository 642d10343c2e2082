import { expect } from 'chai';
import { parseConfig } from '../../../lib/config/load.ts';
import {
  accessLogSettings,
  endpointConnectionSettings,
  frontSettings,
  requestSettings,
} from '../../../lib/worker/settings.ts';

const read = (text: string) => {
  const { config, problems } = parseConfig(text);
  expect(problems).to.deep.equal([]);
  return config;
};
const PLACE = { slot: 0, workers: 1, routerIp: '192.0.2.1', errorPage: '' };

describe('endpointConnectionSettings', () => {
  const times = (text: string) => {
    const settings = endpointConnectionSettings(read(text));
    return [settings.endpointTimeoutMs, settings.http2EndpointTimeoutMs];
  };

  it('takes endpoint_timeout for both versions of HTTP', () => {
    expect(times('endpoint_timeout: 7s')).to.deep.equal([7_000, 7_000]);
  });

  it('takes the time of each version where there is one', () => {
    expect(times('http_1_endpoint_timeout: 3s')).to.deep.equal([3_000, 60_000]);
    expect(times('{endpoint_timeout: 7s, http_2_endpoint_timeout: 3s}')).to.deep.equal([7_000, 3_000]);
  });

  it('takes less than nothing for no limit', () => {
    expect(times('{endpoint_timeout: -1s}')).to.deep.equal([0, 0]);
    expect(times('{http_1_endpoint_timeout: -1s, endpoint_timeout: 7s}')).to.deep.equal([0, 7_000]);
  });

  it('dials for upgrades as long as for others, unless told otherwise', () => {
    expect(endpointConnectionSettings(read('endpoint_dial_timeout: 2s')).websocketDialTimeoutMs).to.equal(
      2_000,
    );
    expect(endpointConnectionSettings(read('websocket_dial_timeout: 3s'))).to.include({
      dialTimeoutMs: 5_000,
      websocketDialTimeoutMs: 3_000,
    });
  });
});

describe('the suites of the listener', () => {
  it('hold for endpoints, too, where there is a listener with TLS', () => {
    const { config } = parseConfig('{enable_ssl: true, cipher_suites: TLS_RSA_WITH_AES_128_CBC_SHA}');
    expect(endpointConnectionSettings(config).ciphers).to.match(/(?:^|:)AES128-SHA(?::|$)/u);
    expect(endpointConnectionSettings(read(''))).to.not.have.property('ciphers');
  });
});

describe('frontSettings', () => {
  it('leave the pace of bodies alone unless told otherwise', () => {
    expect(frontSettings(read('')).bodyRate).to.equal(undefined);
    expect(frontSettings(read('workers: {request_body_rate_window: 2s}')).bodyRate).to.equal(undefined);
    expect(frontSettings(read('workers: {min_request_body_rate: 5}')).bodyRate).to.deep.equal({
      bytesPerSecond: 5,
      windowMs: 10_000,
    });
    const both = 'workers: {min_request_body_rate: 5, request_body_rate_window: 2s}';
    expect(frontSettings(read(both)).bodyRate).to.deep.equal({ bytesPerSecond: 5, windowMs: 2_000 });
  });
});

describe('requestSettings', () => {
  it('allow any protocol to be switched to, or those that are named, in any case', () => {
    expect(requestSettings(read(''), PLACE).upgradeProtocols).to.equal(undefined);
    const { upgradeProtocols } = requestSettings(read('upgrade_protocols: [WebSocket, x/1]'), PLACE);
    expect([...upgradeProtocols!]).to.deep.equal(['websocket', 'x/1']);
  });

  it('have nothing to do that was not configured', () => {
    const settings = requestSettings(read(''), PLACE);
    expect(settings).to.deep.include({
      trace: undefined,
      rewrite: undefined,
      errorPage: undefined,
      responseHeadProblem: undefined,
      maxResponseHeaderBytes: 10_485_760,
    });
  });

  it('make everything that was', () => {
    const text =
      '{tracing: {enable_w3c: true}, max_response_headers: 1, max_response_header_bytes: 20000000, ' +
      'http_rewrite: {responses: {remove_headers: [{name: Server}]}}}';
    const settings = requestSettings(read(text), { ...PLACE, errorPage: '{{.Status}}' });
    expect(settings.rewrite!(['Server', 'x', 'A', '1'])).to.deep.equal(['A', '1']);
    expect(settings.responseHeadProblem!('OK', ['A', '1', 'B', '2'])?.message).to.equal(
      'Too many response headers',
    );
    expect(settings.maxResponseHeaderBytes).to.equal(10_485_760);
    expect(settings.trace!([]).headers).to.have.length(4);
    expect(settings.errorPage).to.be.a('function');
  });

  it('log the fields of the tracing systems that are on, behind the configured ones', () => {
    const config = read('{extra_headers_to_log: [X-Mine], tracing: {enable_zipkin: true, enable_w3c: true}}');
    const { extraHeadersToLog } = requestSettings(config, PLACE);
    expect(extraHeadersToLog).to.have.length(7);
    expect(accessLogSettings(config).extraHeaderLabels).to.deep.equal([
      ...['x_mine', 'x_b3_traceid', 'x_b3_spanid', 'x_b3_parentspanid', 'b3', 'traceparent', 'tracestate'],
    ]);
  });
});
