import { expect } from 'chai';
import { isRouteId, routeId } from '../../../lib/store/route-id.ts';
import { decodeRoute, encodeRoute } from '../../../lib/store/stored-route.ts';
import { ODD_ROUTES, storedRoute } from '../../support/stored-routes.ts';

const ID = routeId('a.example.com', '10.0.0.1:8080');
const GOOD = { key: 'a.example.com', host: '10.0.0.1', port: 8080, staleMs: 1000, confirmedMs: 5 };

describe('stored route', () => {
  for (const route of ODD_ROUTES) {
    it(`is read as it was written: ${JSON.stringify(route.key)}`, () => {
      const id = routeId(route.key, route.endpoint.address);
      expect(isRouteId(id, route.key, route.endpoint.address)).to.equal(true);
      expect(decodeRoute(id, encodeRoute(route))).to.deep.equal(route);
    });
  }

  it('leaves out what has its default', () => {
    expect(JSON.parse(encodeRoute(storedRoute('a', {}, { confirmedAtMs: 5 })))).to.deep.equal({
      key: 'a',
      host: '10.0.0.1',
      port: 8080,
      staleMs: 120_000,
      confirmedMs: 5,
    });
  });

  it('takes defaults for what is missing, and ignores what it does not know', () => {
    const text = JSON.stringify({
      ...GOOD,
      confirmedMs: undefined,
      unknown: { deep: [1] },
      options: { more: 1 },
    });
    expect(decodeRoute(ID, text)).to.deep.equal(
      storedRoute('a.example.com', { staleThresholdMs: 1000 }, { confirmedAtMs: 0 }),
    );
  });

  it('keeps a tag named __proto__ as a tag', () => {
    const tags = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const route = storedRoute('a.example.com', { tags });
    const text = encodeRoute(route);
    expect(text).to.include('"__proto__":"x"');
    const read = decodeRoute(ID, text);
    expect(typeof read === 'string' ? read : encodeRoute(read)).to.equal(text);
  });

  const damaged: { name: string; text: string; says: string }[] = [
    { name: 'nothing', text: '', says: 'is not JSON' },
    { name: 'half a value', text: JSON.stringify(GOOD).slice(0, -7), says: 'is not JSON' },
    { name: 'NUL bytes', text: '\0\0\0\0', says: 'is not JSON' },
    { name: 'null', text: 'null', says: 'is not a JSON object' },
    { name: 'an array', text: '[]', says: 'is not a JSON object' },
    { name: 'a number', text: '7', says: 'is not a JSON object' },
    { name: 'no key', text: given({ key: undefined }), says: 'lacks key' },
    { name: 'no host', text: given({ host: undefined }), says: 'lacks host' },
    { name: 'no port', text: given({ port: undefined }), says: 'lacks port' },
    { name: 'no stale threshold', text: given({ staleMs: undefined }), says: 'lacks staleMs' },
    { name: 'a port beyond 16 bits', text: given({ port: 65_536 }), says: 'has port 65536, not 0 to 65535' },
    { name: 'a negative port', text: given({ port: -1 }), says: 'has port -1' },
    { name: 'a fraction of a port', text: given({ port: 80.5 }), says: 'has port 80.5' },
    { name: 'a port as text', text: given({ port: '80' }), says: 'has a port that is not a number' },
    {
      name: 'a number beyond all',
      text: '{"key":"a.example.com","host":"h","port":1e999}',
      says: 'not a number',
    },
    { name: 'a member that is null', text: given({ app: null }), says: 'has a app that is not text' },
    { name: 'an object for a text', text: given({ zone: {} }), says: 'has a zone that is not text' },
    { name: 'tls as text', text: given({ tls: 'yes' }), says: 'has a tls that is neither true nor false' },
    { name: 'tags as a list', text: given({ tags: ['a'] }), says: 'has tags that are not an object' },
    {
      name: 'a tag that is a number',
      text: given({ tags: { a: 'b', c: 1 } }),
      says: 'has a tag "c" that is not text',
    },
    { name: 'options as text', text: given({ options: 'hash' }), says: 'has options that are not an object' },
    { name: 'an option of a wrong type', text: given({ options: { slowStart: '1' } }), says: 'slowStart' },
    { name: 'a time stamp that is none', text: given({ updatedNs: '12a' }), says: 'updatedNs' },
    { name: 'another key', text: given({ key: 'b.example.com' }), says: 'holds another route' },
    { name: 'another host', text: given({ host: '10.0.0.2' }), says: 'holds another route' },
    { name: 'an empty address', text: given({ address: '' }), says: 'holds another route' },
  ];
  for (const { name, text, says } of damaged) {
    it(`is described, not thrown, when it is ${name}`, () => {
      const read = decodeRoute(ID, text);
      expect(read).to.be.a('string').that.includes(says);
      expect(read).to.include('a.example.com', 'it names the culprit');
    });
  }

  it('is described in one bounded line, whatever is in its name', () => {
    const line = decodeRoute(`bad\r\n\u001b[31m${'x'.repeat(5000)}`, '{');
    expect(line)
      .to.be.a('string')
      .that.does.not.match(/\p{Cc}/u);
    expect((line as string).length).to.be.below(300);
  });

  it('never throws and never passes off damage, whichever byte is lost', () => {
    const route = ODD_ROUTES[0];
    if (route === undefined) throw new Error('no route');
    const id = routeId(route.key, route.endpoint.address);
    const text = encodeRoute(route);
    for (let length = 0; length < text.length; length += 1) {
      expect(decodeRoute(id, text.slice(0, length)), `cut at ${length}`).to.be.a('string');
    }
    for (let at = 0; at < text.length; at += 1) {
      const read = decodeRoute(id, `${text.slice(0, at)}${text.slice(at + 1)}`);
      if (typeof read !== 'string') expect(routeId(read.key, read.endpoint.address)).to.equal(id);
    }
  });
});

describe('route id', () => {
  const pairs: [string, string, string, string][] = [
    ['a b', 'c', 'a', 'b c'],
    ['a', '1 2', 'a 1', '2'],
    ['a\nb', 'c', 'a', 'b\nc'],
    ['\ud800', 'x', '\ud801', 'x'],
    ['\ud800', 'x', '\ufffd', 'x'],
    ['a\0', 'x', 'a', '\0x'],
    ['', 'a', 'a', ''],
  ];
  for (const [key, address, otherKey, otherAddress] of pairs) {
    it(`tells ${JSON.stringify([key, address])} from ${JSON.stringify([otherKey, otherAddress])}`, () => {
      const id = routeId(key, address);
      const other = routeId(otherKey, otherAddress);
      expect(id).to.not.equal(other);
      expect(id.isWellFormed()).to.equal(true);
      expect(id).to.not.include('\0');
      expect(isRouteId(id, key, address)).to.equal(true);
      expect(isRouteId(id, otherKey, otherAddress)).to.equal(false);
    });
  }
});

function given(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...GOOD, ...members });
}
