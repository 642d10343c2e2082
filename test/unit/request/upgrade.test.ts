import { expect } from 'chai';
import type { RequestHead } from '../../../lib/request/request-head.ts';
import { upgradeToken } from '../../../lib/request/upgrade.ts';
import { aHead } from '../../support/request-fixture.ts';

describe('upgradeToken', () => {
  const cases: readonly {
    readonly name: string;
    readonly headers: readonly string[];
    readonly head?: Partial<RequestHead>;
    readonly expect: string | undefined;
  }[] = [
    { name: 'a WebSocket', headers: ['Connection', 'Upgrade', 'Upgrade', 'WebSocket'], expect: 'WebSocket' },
    {
      name: 'any other token, among other options',
      headers: ['connection', 'keep-alive, uPgrade', 'upgrade', 'tcp'],
      expect: 'tcp',
    },
    {
      name: 'a method with an empty body',
      headers: ['Connection', 'upgrade', 'Upgrade', 'x', 'Content-Length', '0'],
      head: { method: 'POST' },
      expect: 'x',
    },
    { name: 'Upgrade that Connection does not name', headers: ['Upgrade', 'websocket'], expect: undefined },
    { name: 'Connection without Upgrade', headers: ['Connection', 'upgrade'], expect: undefined },
    { name: 'an empty Upgrade', headers: ['Connection', 'upgrade', 'Upgrade', ''], expect: undefined },
    ...['h2c', 'H2C', 'h2', 'HTTP/2.0', 'http/1.1', 'HTTP'].map((token) => ({
      name: token,
      headers: ['Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', token],
      expect: undefined,
    })),
    {
      name: 'h2c before a WebSocket',
      headers: ['Connection', 'Upgrade', 'Upgrade', 'h2c, websocket'],
      expect: 'websocket',
    },
    {
      name: 'unprintable bytes',
      headers: ['Connection', 'Upgrade', 'Upgrade', 'web\xffsocket'],
      expect: undefined,
    },
    {
      name: 'a body of known length',
      headers: ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Content-Length', '1'],
      expect: undefined,
    },
    {
      name: 'a chunked body',
      headers: ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Transfer-Encoding', 'chunked'],
      expect: undefined,
    },
    {
      name: 'HTTP/1.0',
      headers: ['Connection', 'Upgrade', 'Upgrade', 'websocket'],
      head: { versionMinor: 0 },
      expect: undefined,
    },
  ];
  for (const { name, headers, head, expect: expected } of cases) {
    it(`takes ${name} for ${expected === undefined ? 'an ordinary request' : `an upgrade to ${expected}`}`, () => {
      expect(upgradeToken(aHead({ headers, ...head }))).to.equal(expected);
    });
  }

  for (const [upgrade, expected] of [
    ['WebSocket', 'WebSocket'],
    ['tcp', undefined],
    ['tcp, x/1', 'x/1'],
    ['h2c', undefined],
  ] as const) {
    it(`says ${expected} to ${upgrade} where only some are allowed`, () => {
      const allowed = new Set(['websocket', 'x/1', 'h2c']);
      const head = aHead({ headers: ['Connection', 'Upgrade', 'Upgrade', upgrade] });
      expect(upgradeToken(head, allowed)).to.equal(expected);
    });
  }
});
