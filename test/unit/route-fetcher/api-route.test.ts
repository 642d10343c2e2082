import { expect } from 'chai';
import { parseApiRoute } from '../../../lib/route-fetcher/api-route.ts';

const STALE = 120_000;
const ROUTE = {
  route: 'app.example.com/p',
  port: 8080,
  ip: '10.0.0.7',
  ttl: 60,
  log_guid: 'guid',
  route_service_url: 'https://rs.example.com',
  modification_tag: { guid: 'abc', index: 3 },
};

function parsed(fields: object) {
  const route = parseApiRoute({ ...ROUTE, ...fields }, STALE);
  if (typeof route === 'string') throw new Error(route);
  return route;
}

describe('parseApiRoute', () => {
  it('makes a plain endpoint of it', () => {
    const { registration, id } = parsed({});
    expect(id).to.equal('app.example.com/p\u000010.0.0.7\u00008080');
    expect(registration.uris).to.deep.equal(['app.example.com/p']);
    expect(registration.modificationTag).to.deep.equal({ guid: 'abc', index: 3 });
    expect(registration.endpoint).to.deep.include({
      address: '10.0.0.7:8080',
      host: '10.0.0.7',
      port: 8080,
      tls: false,
      appId: 'guid',
      serverCertDomainSan: 'guid',
      instanceId: '',
      instanceIndex: '',
      protocol: '',
      tags: null,
      isolationSegment: '',
      routeServiceUrl: 'https://rs.example.com',
      staleThresholdMs: 60_000,
    });
  });

  for (const [ttl, expected] of [
    [0, STALE],
    [undefined, STALE],
    [null, STALE],
    [500, STALE],
    [-1, -1000],
  ] as const) {
    it(`takes a ttl of ${ttl} for ${expected} ms`, () => {
      expect(parsed({ ttl }).registration.endpoint.staleThresholdMs).to.equal(expected);
    });
  }

  it('does without what may be absent', () => {
    const route = parseApiRoute({ route: 'a', port: 1, ip: 'h' }, STALE);
    expect(route)
      .to.have.nested.property('registration.modificationTag')
      .that.deep.equals({ guid: '', index: 0 });
    expect(parsed({ modification_tag: null }).registration.modificationTag.guid).to.equal('');
    expect(parsed({ route_service_url: 'http://plain' }).registration.endpoint.routeServiceUrl).to.equal(
      'http://plain',
    );
  });

  for (const [name, value, text] of [
    ['null', null, 'an object is expected, not null'],
    ['a list', [], 'an object is expected, not a list'],
    ['no route', { ...ROUTE, route: undefined }, 'route: text is expected, not nothing'],
    ['an empty route', { ...ROUTE, route: '' }, 'route: text is expected, not ""'],
    ['a number as ip', { ...ROUTE, ip: 7 }, 'ip: text is expected, not 7'],
    ['port 0', { ...ROUTE, port: 0 }, 'port: 1 to 65535 is expected, not 0'],
    ['a port as text', { ...ROUTE, port: '80' }, 'port: 1 to 65535 is expected, not "80"'],
    ['a fraction as ttl', { ...ROUTE, ttl: 1.5 }, 'ttl: whole seconds are expected, not 1.5'],
    ['a number as log_guid', { ...ROUTE, log_guid: 1 }, 'log_guid: text is expected, not 1'],
    [
      'a tag that is a text',
      { ...ROUTE, modification_tag: 'x' },
      'modification_tag: an object is expected, not "x"',
    ],
    [
      'an index that is a text',
      { ...ROUTE, modification_tag: { guid: 'g', index: '1' } },
      'modification_tag.index: a whole number is expected, not "1"',
    ],
  ] as const) {
    it(`refuses ${name}, and says why`, () => expect(parseApiRoute(value, STALE)).to.equal(text));
  }
});
