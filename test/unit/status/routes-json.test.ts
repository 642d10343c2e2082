import { expect } from 'chai';
import { NO_OPTIONS } from '../../../lib/routes/endpoint.ts';
import { routesJson } from '../../../lib/status/routes-json.ts';
import type { RouteView } from '../../../lib/status/sources.ts';
import { anEndpoint } from '../../support/endpoint-fixture.ts';

function json(views: readonly RouteView[], algorithm = ''): string {
  return [...routesJson(views, algorithm)].join('');
}

const CONFIRMED = { restored: false };

describe('the body of /routes', () => {
  it('is the one that the contract gives as example', () => {
    const endpoint = anEndpoint({
      host: '10.0.0.5',
      port: 61002,
      tls: true,
      availabilityZone: 'z1',
      instanceId: 'guid-1',
      serverCertDomainSan: 'guid-1',
      isolationSegment: 'is1',
      routeServiceUrl: 'https://rs.example.com',
      tags: { component: 'route-emitter' },
      options: { ...NO_OPTIONS, loadbalancing: 'least-connection' },
    });
    expect(json([{ key: 'app.example.com/v1', endpoints: [{ endpoint, ...CONFIRMED }] }])).to.equal(
      '{"app.example.com/v1":[{"address":"10.0.0.5:61002","availability_zone":"z1","protocol":"http1",' +
        '"tls":true,"ttl":120,"route_service_url":"https://rs.example.com","tags":{"component":"route-emitter"},' +
        '"isolation_segment":"is1","private_instance_id":"guid-1","server_cert_domain_san":"guid-1",' +
        '"load_balancing_algorithm":"least-connection"}]}\n',
    );
  });

  it('leaves out what is empty, and keeps what always is there', () => {
    const endpoint = anEndpoint({ instanceId: '', protocol: '', staleThresholdMs: 45_900 });
    expect(json([{ key: 'a', endpoints: [{ endpoint, ...CONFIRMED }] }])).to.equal(
      '{"a":[{"address":"10.0.0.1:8080","availability_zone":"","protocol":"","tls":false,"ttl":45,"tags":null}]}\n',
    );
  });

  it('is an empty object for an empty table, and an empty list for an empty pool', () => {
    expect(json([])).to.equal('{}\n');
    expect(json([{ key: 'a', endpoints: [] }])).to.equal('{"a":[]}\n');
  });

  it('marks restored endpoints until they are confirmed', () => {
    const endpoints = [
      { endpoint: anEndpoint({ port: 1 }), restored: true },
      { endpoint: anEndpoint({ port: 2 }), restored: false },
    ];
    const { a } = JSON.parse(json([{ key: 'a', endpoints }]));
    expect(a.map((shown: { restored?: boolean }) => shown.restored)).to.deep.equal([true, undefined]);
  });

  it('shows the default algorithm, an invalid one as it was sent, and hash with its properties', () => {
    const options = { ...NO_OPTIONS, hashHeader: 'X-Tenant', hashBalance: 0 };
    const endpoints = ['', 'nonsense', 'hash'].map((loadbalancing, port) => ({
      endpoint: anEndpoint({ port, options: { ...options, loadbalancing } }),
      ...CONFIRMED,
    }));
    const { a } = JSON.parse(json([{ key: 'a', endpoints }], 'round-robin'));
    const shown = a.map((endpoint: Record<string, unknown>) => [
      endpoint.load_balancing_algorithm,
      endpoint.hash_header,
      endpoint.hash_balance,
    ]);
    expect(shown).to.deep.equal([
      ['round-robin', undefined, undefined],
      ['nonsense', undefined, undefined],
      ['hash', 'X-Tenant', 0],
    ]);
  });

  it('escapes as Go does and sorts tags by name', () => {
    const endpoint = anEndpoint({ instanceId: '', tags: { b: '<>&', '10': '\u2028"\\', a: '\n' } });
    expect(json([{ key: '<&>', endpoints: [{ endpoint, ...CONFIRMED }] }]))
      .to.contain('{"\\u003c\\u0026\\u003e":[{"address"')
      .and.contain('"tags":{"10":"\\u2028\\"\\\\","a":"\\n","b":"\\u003c\\u003e\\u0026"}}');
  });

  it('sorts many routes by key, each once, however they come', () => {
    const keys = Array.from({ length: 5000 }, (_, i) => `r${(i * 2741) % 5000}.example.com`);
    const views = [...keys, ...keys.slice(0, 1500)].map((key) => ({ key, endpoints: [] }));
    const shown = json(views).match(/r\d+\.example\.com/g);
    expect(shown).to.deep.equal([...keys].sort());
  });

  it('can be paused at least every 1024 routes', () => {
    const views = Array.from({ length: 20_000 }, (_, i) => ({
      key: String((i * 7) % 20_000),
      endpoints: [],
    }));
    let taken = 0;
    let most = 0;
    function* counted(): Generator<RouteView> {
      for (const view of views) {
        taken += 1;
        yield view;
      }
    }
    let before = 0;
    for (const _ of routesJson(counted(), '')) {
      most = Math.max(most, taken - before);
      before = taken;
    }
    expect(taken).to.equal(20_000);
    expect(most).to.be.within(1, 1024);
  });
});
