import { expect } from 'chai';
import { contextPathOf, routeKey } from '../../../lib/routes/uri.ts';

/** The table of the contract, registry.md 1, and what its rules say beside it. */
const URIS: readonly (readonly [uri: string, key: string, contextPath: string])[] = [
  ['App.Example.com', 'app.example.com', '/'],
  ['app.example.com/', 'app.example.com', '/'],
  ['app.example.com/V1/?x=1', 'app.example.com/v1', '/V1'],
  ['*.Example.com/path', '*.example.com/path', '/path'],
  ['app.example.com:8080', 'app.example.com:8080', '/'],
  ['a.com/x/', 'a.com/x', '/x'],
  ['a.com//', 'a.com/', '/'],
  ['a.com/x//y', 'a.com/x//y', '/x//y'],
  ['/a.com/x', 'a.com/x', '/x'],
  ['a.com/Ctx/p?q=/r', 'a.com/ctx/p', '/Ctx/p'],
  ['a.com?x=1', 'a.com', '/'],
  ['a.com/%41/../b', 'a.com/%41/../b', '/%41/../b'],
  ['xn--BCHER-kva.example', 'xn--bcher-kva.example', '/'],
];

describe('a registered URI', () => {
  for (const [uri, key, contextPath] of URIS) {
    it(`${uri} is the route ${key} with the context path ${contextPath}`, () => {
      expect([routeKey(uri), contextPathOf(uri)]).to.deep.equal([key, contextPath]);
    });
  }

  it('with a scheme is kept as text', () => {
    expect(routeKey('http://app.example.com')).to.equal('http://app.example.com');
  });
});
