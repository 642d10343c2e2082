import { expect } from 'chai';
import { stripHopByHop } from '../../../lib/request/hop-by-hop.ts';

describe('stripHopByHop', () => {
  const cases: readonly {
    readonly name: string;
    readonly given: readonly string[];
    readonly protectedNames?: readonly string[];
    readonly expect: readonly string[];
  }[] = [
    {
      name: 'the fields of one hop, in any case',
      given: [
        ...['Connection', 'close', 'PROXY-CONNECTION', 'x', 'keep-alive', 'timeout=5', 'Te', 'gzip'],
        ...['Proxy-Authenticate', 'x', 'Proxy-Authorization', 'x', 'Trailer', 'x', 'Upgrade', 'x'],
        ...['transfer-encoding', 'chunked', 'Accept', '*/*'],
      ],
      expect: ['Accept', '*/*'],
    },
    {
      name: 'what Connection nominates, wherever it stands',
      given: ['X-Secret', '1', 'connection', 'close, x-SECRET,,X-Other', 'x-other', '2', 'X-Third', '3'],
      expect: ['X-Third', '3'],
    },
    {
      name: 'what a second Connection nominates',
      given: ['Connection', 'keep-alive', 'Connection', 'X-A', 'X-A', '1', 'X-B', '2'],
      expect: ['X-B', '2'],
    },
    {
      name: 'not the end-to-end fields that a peer would like to see lost',
      given: [
        'Connection',
        'Host, Authorization, Cookie, Set-Cookie, Content-Length, Content-Type, X-Forwarded-For, X-Cf-Applicationid, If-Match',
        ...['Host', 'a', 'Authorization', 'b', 'Cookie', 'c', 'Set-Cookie', 'd', 'Content-Length', '1'],
        ...['Content-Type', 'e', 'X-Forwarded-For', 'f', 'X-CF-ApplicationID', 'g', 'If-Match', 'h'],
      ],
      expect: [
        ...['Host', 'a', 'Authorization', 'b', 'Cookie', 'c', 'Set-Cookie', 'd', 'Content-Length', '1'],
        ...['Content-Type', 'e', 'X-Forwarded-For', 'f', 'X-CF-ApplicationID', 'g', 'If-Match', 'h'],
      ],
    },
    {
      name: 'not what the configuration protects',
      given: ['Connection', 'X-Mine, X-Yours', 'X-MINE', '1', 'X-Yours', '2'],
      protectedNames: ['x-mine'],
      expect: ['X-MINE', '1'],
    },
    {
      name: 'nothing else: order, case and duplicates stay',
      given: ['b', '1', 'A', '2', 'B', '3', 'a', '2'],
      expect: ['b', '1', 'A', '2', 'B', '3', 'a', '2'],
    },
  ];

  for (const { name, given, protectedNames, expect: expected } of cases) {
    it(`removes ${name}`, () => {
      expect(stripHopByHop(given, new Set(protectedNames))).to.deep.equal(expected);
    });
  }
});
