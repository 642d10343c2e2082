import { expect } from 'chai';
import type { ErrorCode } from '../../../lib/errors.ts';
import type { Answer } from '../../../lib/request/answer.ts';
import * as answers from '../../../lib/request/answer.ts';
import { endpointFailure } from '../../../lib/request/failure-answer.ts';

/** An answer as it would be on the wire, less the fields that the lane adds. */
function wire(answer: Answer): string {
  let text = `${answer.status} ${answer.reason}\n`;
  for (let i = 0; i < answer.headers.length; i += 2)
    text += `${answer.headers[i]}: ${answer.headers[i + 1]}\n`;
  return `${text}\n${answer.body}`;
}

const TEXT = 'Content-Type: text/plain; charset=utf-8';
const SNIFF = 'X-Content-Type-Options: nosniff';
const GUID = '11111111-2222-3333-4444-555555555555';

describe('answers of the router', () => {
  const cases: readonly { readonly name: string; readonly answer: Answer; readonly expect: string }[] = [
    {
      name: 'empty host',
      answer: answers.emptyHost(),
      expect: `400 Bad Request\nCache-Control: public,max-age=2\n${TEXT}\nX-Cf-Routererror: empty_host\n${SNIFF}\nContent-Length: 49\n\n400 Bad Request: Request had empty Host header\n`,
    },
    {
      name: 'unknown route',
      answer: answers.unknownRoute('A.com:80'),
      expect: `404 Not Found\nCache-Control: no-cache, no-store\n${TEXT}\nX-Cf-Routererror: unknown_route\n${SNIFF}\nContent-Length: 61\n\n404 Not Found: Requested route ('A.com:80') does not exist.\n`,
    },
    {
      name: 'no endpoints',
      answer: answers.noEndpoints('a.com'),
      expect: `503 Service Unavailable\nCache-Control: public,max-age=2\n${TEXT}\nX-Cf-Routererror: no_endpoints\n${SNIFF}\nContent-Length: 77\n\n503 Service Unavailable: Requested route ('a.com') has no available endpoints.\n`,
    },
    {
      name: 'connection limit',
      answer: answers.connectionLimit('a.com'),
      expect: `503 Service Unavailable\n${TEXT}\nX-Cf-Routererror: Connection Limit Reached\n${SNIFF}\nContent-Length: 83\n\n503 Service Unavailable: Requested route ('a.com') has reached the connection limit.\n`,
    },
    {
      name: 'unknown app instance',
      answer: answers.unknownAppInstance('a.com', GUID, '3'),
      expect: `400 Bad Request\nCache-Control: no-cache, no-store\n${TEXT}\nX-Cf-Routererror: unknown_route\n${SNIFF}\nContent-Length: 122\n\n400 Bad Request: Requested instance ('3') with guid ('${GUID}') does not exist for route ('a.com')\n`,
    },
    {
      name: 'invalid app instance',
      answer: answers.invalidAppInstance(),
      expect: `400 Bad Request\nCache-Control: no-cache, no-store\n${TEXT}\nX-Cf-Routererror: invalid_cf_app_instance_header\n${SNIFF}\nContent-Length: 50\n\n400 Bad Request: Invalid X-CF-App-Instance Header\n`,
    },
    {
      name: 'head over the limits',
      answer: answers.headTooLarge(),
      expect:
        '431 Request Header Fields Too Large\nX-Cf-Routererror: max-request-size-exceeded\nContent-Length: 0\n\n',
    },
    {
      name: 'healthy',
      answer: answers.healthCheck(true),
      expect: `200 OK\nCache-Control: private, max-age=0\nExpires: 0\n${TEXT}\nContent-Length: 3\n\nok\n`,
    },
    {
      name: 'unhealthy',
      answer: answers.healthCheck(false),
      expect: '503 Service Unavailable\nCache-Control: private, max-age=0\nExpires: 0\nContent-Length: 0\n\n',
    },
    {
      name: 'malformed Host',
      answer: answers.badRequest('malformed Host header'),
      expect: `400 Bad Request: malformed Host header\n${TEXT}\nContent-Length: 38\n\n400 Bad Request: malformed Host header`,
    },
    {
      name: 'unknown transfer coding',
      answer: answers.notImplemented(),
      expect: `501 Not Implemented\n${TEXT}\nContent-Length: 29\n\nUnsupported transfer encoding`,
    },
    {
      name: 'unknown version',
      answer: answers.versionNotSupported(),
      expect: `505 HTTP Version Not Supported: unsupported protocol version\n${TEXT}\nContent-Length: 60\n\n505 HTTP Version Not Supported: unsupported protocol version`,
    },
    {
      name: 'unknown expectation',
      answer: answers.expectationFailed(),
      expect: '417 Expectation Failed\nContent-Length: 0\n\n',
    },
    {
      name: 'TRACE',
      answer: answers.methodNotAllowed(),
      expect: `405 Method Not Allowed\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\n${TEXT}\nContent-Length: 22\n\n405 Method Not Allowed`,
    },
    {
      name: 'internal failure',
      answer: answers.unknownFailure(),
      expect: '502 Bad Gateway\nX-Cf-Routererror: unknown_failure\nContent-Length: 0\n\n',
    },
    {
      name: 'route service on a router without them',
      answer: answers.routeServiceUnsupported(),
      expect: `502 Bad Gateway\n${TEXT}\nX-Cf-Routererror: route_service_unsupported\n${SNIFF}\nContent-Length: 57\n\n502 Bad Gateway: Support for route services is disabled.\n`,
    },
  ];

  for (const { name, answer, expect: expected } of cases) {
    it(`are exact to the byte: ${name}`, () => {
      const lengthless = (text: string): string => text.replace(/Content-Length: \d+/, 'Content-Length: ?');
      expect(lengthless(wire(answer))).to.equal(lengthless(expected));
      expect(answer.headers.at(-1)).to.equal(String(answer.body.length));
    });
  }

  it('leave the index out where none was asked for', () => {
    expect(answers.unknownProcessInstance('a.com', GUID, undefined).body).to.equal(
      `400 Bad Request: Requested instance with process guid ('${GUID}') does not exist for route ('a.com')\n`,
    );
    expect(answers.unknownProcessInstance('a.com', GUID, '2').body).to.contain(
      "instance ('2') with process guid",
    );
  });
});

describe('endpointFailure', () => {
  const cases: readonly (readonly [ErrorCode, status: number, reason: string, body: string])[] = [
    [
      'DIAL_REFUSED',
      502,
      'Bad Gateway',
      '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
    ],
    [
      'ENDPOINT_TIMEOUT',
      502,
      'Bad Gateway',
      '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
    ],
    [
      'TLS_PROTOCOL_VERSION',
      502,
      'Bad Gateway',
      '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
    ],
    ['CERT_NAME_MISMATCH', 503, 'Service Unavailable', '503 Service Unavailable\n'],
    ['TLS_NOT_TLS', 525, 'status code 525', '525 SSL Handshake Failed\n'],
    ['TLS_HANDSHAKE_FAILURE', 525, 'status code 525', '525 SSL Handshake Failed\n'],
    ['CERT_UNTRUSTED', 526, 'status code 526', '526 Invalid SSL Certificate\n'],
    ['CERT_EXPIRED', 526, 'status code 526', '526 Invalid SSL Certificate\n'],
    ['CERT_REJECTED_BY_ENDPOINT', 496, 'status code 496', '496 SSL Certificate Required\n'],
    ['CLIENT_GONE', 499, 'status code 499', '499 Request Cancelled\n'],
  ];

  for (const [code, status, reason, body] of cases) {
    it(`answers ${status} to ${code}`, () => {
      const answer = endpointFailure({ code, reached: 'dialling', text: 'why' });
      expect(answer).to.include({ status, reason, body, routerError: 'endpoint_failure (why)' });
      expect(answer.headers).to.include('nosniff').and.to.not.include('Cache-Control');
    });
  }

  it('says nothing of what went wrong inside the router', () => {
    const answer = endpointFailure({ code: 'INTERNAL', reached: 'none', text: 'x is not a function' });
    expect(answer).to.include({ status: 502, body: '', routerError: 'unknown_failure' });
  });

  it('answers a foreign upgrade with an empty 502', () => {
    const answer = endpointFailure({ code: 'ENDPOINT_BAD_UPGRADE', reached: 'responding', text: '' });
    expect(answer).to.include({ status: 502, body: '', routerError: '' });
  });

  it('lets no text of an endpoint end a header line', () => {
    const text = 'bad "a\r\nX-Evil: 1\u0000\u2028"';
    const answer = endpointFailure({ code: 'ENDPOINT_BAD_RESPONSE', reached: 'sent', text });
    expect(answer.routerError).to.equal('endpoint_failure (bad "a  X-Evil: 1  ")');
    expect(answer.headers).to.include('endpoint_failure (bad "a  X-Evil: 1  ")');
  });
});
