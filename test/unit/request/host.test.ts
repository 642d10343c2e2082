import { expect } from 'chai';
import { requestHost } from '../../../lib/request/host.ts';
import type { RequestHead } from '../../../lib/request/request-head.ts';
import { aHead } from '../../support/request-fixture.ts';

describe('requestHost', () => {
  const accepted: readonly {
    readonly name: string;
    readonly given: Partial<RequestHead>;
    readonly expect: readonly [host: string, lookupHost: string, path: string, target: string];
  }[] = [
    {
      name: 'Host verbatim, without port for the lookup',
      given: { headers: ['hOST', 'App.Example.com:8080'] },
      expect: ['App.Example.com:8080', 'App.Example.com', '/', '/'],
    },
    {
      name: 'one trailing dot, cut for the lookup only',
      given: { headers: ['Host', 'a.com.:80'] },
      expect: ['a.com.:80', 'a.com', '/', '/'],
    },
    {
      name: 'only one trailing dot',
      given: { headers: ['Host', 'a.com..'] },
      expect: ['a.com..', 'a.com.', '/', '/'],
    },
    {
      name: 'an IPv6 literal',
      given: { headers: ['Host', '[::1]:80'] },
      expect: ['[::1]:80', '[::1]', '/', '/'],
    },
    {
      name: 'an empty port',
      given: { headers: ['Host', 'a.com:'] },
      expect: ['a.com:', 'a.com', '/', '/'],
    },
    {
      name: 'an empty Host, for the route choice',
      given: { headers: ['Host', ''] },
      expect: ['', '', '/', '/'],
    },
    {
      name: 'no Host in HTTP/1.0, for the route choice',
      given: { headers: [], versionMinor: 0 },
      expect: ['', '', '/', '/'],
    },
    {
      name: 'dot segments, double slashes, escapes, semicolons and a bare question mark as they are',
      given: { target: '//a/../%2f;x=1/b//?' },
      expect: ['app.example.com', 'app.example.com', '//a/../%2f;x=1/b//', '//a/../%2f;x=1/b//?'],
    },
    {
      name: 'raw UTF-8 bytes and a broken escape in the query',
      given: { target: '/\xc3\xbc?q=%zz\xff' },
      expect: ['app.example.com', 'app.example.com', '/\xc3\xbc', '/\xc3\xbc?q=%zz\xff'],
    },
    {
      name: 'absolute-form by the host of the URI, sent on in origin-form',
      given: { target: 'HTTP://Other.com:81/x?y', headers: ['Host', 'app.example.com'] },
      expect: ['Other.com:81', 'Other.com', '/x', '/x?y'],
    },
    {
      name: 'absolute-form without a path',
      given: { target: 'https://other.com?y' },
      expect: ['other.com', 'other.com', '/', '/?y'],
    },
    {
      name: 'absolute-form of HTTP/1.0 without Host',
      given: { target: 'http://other.com', headers: [], versionMinor: 0 },
      expect: ['other.com', 'other.com', '/', '/'],
    },
    {
      name: 'any method token',
      given: { method: 'FOO' },
      expect: ['app.example.com', 'app.example.com', '/', '/'],
    },
  ];

  for (const { name, given, expect: expected } of accepted) {
    it(`takes ${name}`, () => {
      const [host, lookupHost, path, target] = expected;
      expect(requestHost(aHead(given))).to.deep.equal({ host, lookupHost, path, target });
    });
  }

  const missing = '400 Bad Request: missing required Host header';
  const malformed = '400 Bad Request: malformed Host header';
  const refused: readonly {
    readonly name: string;
    readonly given: Partial<RequestHead>;
    readonly expect: string;
  }[] = [
    { name: 'HTTP/1.1 without Host', given: { headers: [] }, expect: missing },
    {
      name: 'absolute-form in HTTP/1.1 without Host',
      given: { headers: [], target: 'http://a.com/' },
      expect: missing,
    },
    {
      name: 'two equal Hosts',
      given: { headers: ['Host', 'a.com', 'host', 'a.com'] },
      expect: '400 Bad Request',
    },
    ...[
      'a@b',
      'u:p@b',
      'a b',
      'a/b',
      'a#b',
      'a?b',
      'a\\b',
      'a,b\t',
      'a:65536',
      'a:99999999999999999999',
      'a:8a',
      'a:-1',
      'a:1:2',
      '::1',
      '[::1',
      '[::1]x',
      '[x]',
      'a[b]',
      'a%zz',
      '\xfcber.com',
      'a\x7fb',
      'a"b',
      '<a>',
    ].map((host) => ({
      name: `Host ${JSON.stringify(host)}`,
      given: { headers: ['Host', host] },
      expect: malformed,
    })),
    ...[
      'x',
      'a.com/x',
      '',
      '/a#b',
      '/a b',
      '/a\tb',
      '/a\x00b',
      '/a\x7f',
      '/%zz',
      '/%4',
      '/%',
      '*',
      '?x',
      'ftp://a.com/',
      'http:/a.com/',
      'http://',
      'http:///x',
      'http://:80/',
      'http://u@a.com/',
      'http://a.com:70000/',
      'http://a.com/#x',
      'http://a.com#x',
    ].map((target) => ({
      name: `target ${JSON.stringify(target)}`,
      given: { target },
      expect: '400 Bad Request',
    })),
    { name: 'CONNECT', given: { method: 'CONNECT', target: 'a.com:443' }, expect: '400 Bad Request' },
    { name: 'CONNECT with a path', given: { method: 'CONNECT' }, expect: '400 Bad Request' },
    { name: 'TRACE', given: { method: 'TRACE' }, expect: '405 Method Not Allowed' },
  ];

  for (const { name, given, expect: body } of refused) {
    it(`refuses ${name}`, () => {
      expect(requestHost(aHead(given))).to.include({ body, close: true });
    });
  }

  for (const target of ['*', 'http://a.com']) {
    it(`answers OPTIONS ${target} itself`, () => {
      expect(requestHost(aHead({ method: 'OPTIONS', target }))).to.include({ status: 200, close: false });
    });
  }
});
