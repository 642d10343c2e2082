import { expect } from 'chai';
import type { ErrorCode, Reached } from '../../../lib/errors.ts';
import {
  type FailedAttempt,
  isReplayable,
  mayReplaceConnection,
  mayRetry,
  mayTry,
} from '../../../lib/request/retry.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';

describe('mayRetry', () => {
  const cases: readonly (readonly [
    ErrorCode,
    Reached,
    expected: boolean,
    given?: Partial<Omit<FailedAttempt, 'failure'>>,
  ])[] = [
    ['DIAL_REFUSED', 'dialling', true],
    ['DIAL_REFUSED', 'dialling', true, { replayable: false }],
    ['DIAL_REFUSED', 'dialling', false, { bodyIntact: false }],
    ['DIAL_REFUSED', 'dialling', false, { attempt: 3 }],
    ['DIAL_REFUSED', 'dialling', false, { clientGone: true }],
    ['DIAL_LOCAL', 'dialling', true],
    ['CERT_NAME_MISMATCH', 'dialling', true],
    ['TLS_PROTOCOL_VERSION', 'dialling', true],
    ['ENDPOINT_RESET', 'dialling', true],
    ['ENDPOINT_TIMEOUT', 'dialling', true],
    ['ENDPOINT_RESET', 'connected', true, { replayable: false }],
    ['ENDPOINT_CLOSED', 'sent', true],
    ['ENDPOINT_CLOSED', 'sent', false, { replayable: false }],
    ['ENDPOINT_RESET', 'sent', false],
    ['ENDPOINT_TIMEOUT', 'sent', false],
    ['ENDPOINT_BAD_RESPONSE', 'sent', false],
    ['CERT_REJECTED_BY_ENDPOINT', 'sent', true, { replayable: false }],
    ['CERT_REJECTED_BY_ENDPOINT', 'sent', false, { bodyIntact: false }],
    ['ENDPOINT_CLOSED', 'responding', false],
    ['ENDPOINT_BAD_UPGRADE', 'responding', false],
    ['NO_ENDPOINT', 'none', false],
    ['CLIENT_GONE', 'dialling', false],
    ['INTERNAL', 'none', false],
  ];
  for (const [code, reached, expected, given = {}] of cases) {
    it(`says ${expected} to ${code} while ${reached} ${JSON.stringify(given)}`, () => {
      const failed: FailedAttempt = {
        failure: { code, reached, text: '' },
        replayable: true,
        bodyIntact: true,
        attempt: 2,
        maxAttempts: 3,
        clientGone: false,
        ...given,
      };
      expect(mayRetry(failed)).to.equal(expected);
    });
  }
});

describe('isReplayable', () => {
  for (const [method, headers, hasBody, expected] of [
    ['GET', [], false, true],
    ['HEAD', [], false, true],
    ['OPTIONS', [], false, true],
    ['TRACE', [], false, true],
    ['get', [], false, false],
    ['PUT', [], false, false],
    ['POST', [], false, false],
    ['POST', ['Idempotency-Key', 'k'], false, true],
    ['POST', ['x-idempotency-key', 'k'], false, true],
    ['POST', ['Idempotency-Key', ''], false, false],
    ['POST', ['Idempotency-Key', 'k'], true, false],
    ['GET', [], true, false],
  ] as const) {
    it(`says ${expected} to ${method} ${headers.join(': ')}${hasBody ? ' with a body' : ''}`, () => {
      expect(isReplayable(method, headers, hasBody)).to.equal(expected);
    });
  }
});

describe('mayReplaceConnection', () => {
  const reused = { reused: true, replaced: false, bodyIntact: true };
  for (const [code, reached, connection, expected] of [
    ['ENDPOINT_CLOSED', 'sent', reused, true],
    ['ENDPOINT_RESET', 'sent', reused, true],
    ['ENDPOINT_RESET', 'connected', reused, true],
    ['ENDPOINT_CLOSED', 'responding', reused, false],
    ['ENDPOINT_TIMEOUT', 'sent', reused, false],
    ['ENDPOINT_CLOSED', 'sent', { ...reused, reused: false }, false],
    ['ENDPOINT_CLOSED', 'sent', { ...reused, replaced: true }, false],
    ['ENDPOINT_CLOSED', 'sent', { ...reused, bodyIntact: false }, false],
    ['ENDPOINT_CLOSED', 'connected', { ...reused, bodyIntact: false }, false],
  ] as const) {
    it(`says ${expected} to ${code} while ${reached}, ${JSON.stringify(connection)}`, () => {
      expect(mayReplaceConnection({ code, reached, text: '' }, connection)).to.equal(expected);
    });
  }
});

describe('mayTry', () => {
  const one = anEndpoint({ port: 1 });
  const two = anEndpoint({ port: 2 });
  it('stops at an endpoint tried before, once there were as many attempts as endpoints', () => {
    const pool = aPool('a.com', [one, two]);
    expect(mayTry(2, pool, one, new Set([one.address]))).to.equal(true);
    expect(mayTry(3, pool, one, new Set([one.address, two.address]))).to.equal(false);
    expect(mayTry(3, pool, two, new Set([one.address]))).to.equal(true);
  });
});
