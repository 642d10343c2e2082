import { expect } from 'chai';
import type { ErrorCode } from '../../../lib/errors.ts';
import { endpointVerdict, type Verdict } from '../../../lib/health/verdict.ts';
import { anEndpoint } from '../../support/endpoint-fixture.ts';

describe('endpointVerdict', () => {
  const cases: readonly (readonly [ErrorCode, plain: Verdict, tls: Verdict])[] = [
    ['DIAL_REFUSED', 'mark', 'prune'],
    ['DIAL_UNREACHABLE', 'mark', 'prune'],
    ['DIAL_TIMEOUT', 'mark', 'prune'],
    ['DIAL_NAME', 'mark', 'prune'],
    ['DIAL_LOCAL', 'none', 'none'],
    ['TLS_NOT_TLS', 'none', 'prune'],
    ['CERT_NAME_MISMATCH', 'none', 'prune'],
    ['CERT_REJECTED_BY_ENDPOINT', 'none', 'prune'],
    ['TLS_HANDSHAKE_FAILURE', 'none', 'prune'],
    ['TLS_HANDSHAKE_TIMEOUT', 'none', 'prune'],
    ['CERT_UNTRUSTED', 'none', 'prune'],
    ['CERT_EXPIRED', 'none', 'prune'],
    ['ENDPOINT_RESET', 'mark', 'mark'],
    ['TLS_PROTOCOL_VERSION', 'none', 'none'],
    ['ENDPOINT_CLOSED', 'none', 'none'],
    ['ENDPOINT_BAD_RESPONSE', 'none', 'none'],
    ['ENDPOINT_TIMEOUT', 'none', 'none'],
    ['CLIENT_GONE', 'none', 'none'],
    ['INTERNAL', 'none', 'none'],
  ];
  for (const [code, plain, tls] of cases) {
    it(`means ${plain} to a plain endpoint and ${tls} to a TLS one: ${code}`, () => {
      const failure = { code, reached: 'dialling', text: '' } as const;
      expect(endpointVerdict(failure, anEndpoint({ tls: false }))).to.equal(plain);
      expect(endpointVerdict(failure, anEndpoint({ tls: true }))).to.equal(tls);
    });
  }
});
