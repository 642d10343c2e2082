import { expect } from 'chai';
import { fnv1a } from '../../../lib/balance/fnv1a.ts';
import { leastConnection } from '../../../lib/balance/least-connection.ts';
import { hashWalk } from '../../../lib/request/hash-walk.ts';
import { aPool } from '../../support/endpoint-fixture.ts';
import { aHead, requestSettings } from '../../support/request-fixture.ts';

function walk(hashHeader: string, ...headers: string[]) {
  const notes: unknown[][] = [];
  const pool = aPool('a.com/ctx', [], { algorithm: 'hash', hashHeader, contextPath: '/Ctx' });
  const settings = requestSettings({
    defaultAlgorithm: 'least-connection',
    hopByHopHeadersToFilter: new Set(['x-kept']),
  });
  const found = hashWalk(aHead({ headers }), pool, settings, (...note) => notes.push(note));
  return { found, notes };
}

describe('hashWalk', () => {
  const hashed: readonly { name: string; header: string; headers: string[]; value: string }[] = [
    { name: 'the first value', header: 'X-Tenant', headers: ['x-tenant', 'a', 'X-Tenant', 'b'], value: 'a' },
    { name: 'a name in any case', header: 'x-TENANT', headers: ['X-Tenant', 'a'], value: 'a' },
    {
      name: 'a field that Connection may not remove',
      header: 'X-Kept',
      headers: ['X-Kept', 'a', 'Connection', 'x-kept'],
      value: 'a',
    },
    {
      name: 'X-Forwarded-For as the endpoint gets it',
      header: 'X-Forwarded-For',
      headers: ['X-Forwarded-For', '192.0.2.1', 'x-forwarded-for', '192.0.2.2'],
      value: '192.0.2.1, 192.0.2.2, 203.0.113.9',
    },
  ];
  for (const { name, header, headers, value } of hashed) {
    it(`hashes ${name}`, () => {
      const { found, notes } = walk(header, ...headers);
      expect(found.hash).to.deep.equal(fnv1a(value));
      expect(notes).to.deep.equal([]);
    });
  }

  const missing: readonly { name: string; header: string; headers: string[] }[] = [
    { name: 'no such header', header: 'X-Tenant', headers: [] },
    { name: 'an empty first value', header: 'X-Tenant', headers: ['X-Tenant', '', 'X-Tenant', 'b'] },
    { name: 'Host', header: 'Host', headers: ['Host', 'a.com'] },
    { name: 'a field that is ours to set', header: 'X-CF-InstanceID', headers: ['X-Cf-Instanceid', 'a'] },
    { name: 'a hop-by-hop field', header: 'Keep-Alive', headers: ['Keep-Alive', 'timeout=5'] },
    {
      name: 'a field that Connection names',
      header: 'X-Tenant',
      headers: ['X-Tenant', 'a', 'Connection', 'X-Tenant'],
    },
  ];
  for (const { name, header, headers } of missing) {
    it(`falls back to the router's algorithm for ${name}, and says so`, () => {
      const { found, notes } = walk(header, ...headers);
      expect(found.hash).to.equal(undefined);
      expect(found.fallback).to.equal(leastConnection);
      expect(notes).to.deep.equal([
        ['info', 'hash-based-routing-header-value-not-found', { Host: 'a.com', Path: '/Ctx' }],
      ]);
    });
  }

  for (const [mode, certificate, value] of [
    ['always_forward', '', 'from-client'],
    ['forward', '', undefined],
    ['forward', 'own', 'from-client'],
    ['sanitize_set', '', undefined],
    ['sanitize_set', 'own', 'own'],
  ] as const) {
    it(`hashes ${value ?? 'no'} client certificate in mode ${mode}${certificate && ' of a client that has one'}`, () => {
      const head = aHead({
        headers: ['X-Forwarded-Client-Cert', 'from-client'],
        clientCertificate: certificate,
      });
      const pool = aPool('a.com', [], { algorithm: 'hash', hashHeader: 'X-Forwarded-Client-Cert' });
      const found = hashWalk(head, pool, requestSettings({ forwardedClientCert: mode }), () => {});
      expect(found.hash).to.deep.equal(value === undefined ? undefined : fnv1a(value));
    });
  }

  it('falls back when the route names no header, which is an error', () => {
    const { found, notes } = walk('', 'X-Tenant', 'a');
    expect(found.hash).to.equal(undefined);
    expect(notes).to.deep.equal([['error', 'hash-routing-properties-missing', { host: 'a.com' }]]);
  });
});
