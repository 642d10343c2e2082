import { expect } from 'chai';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import { chooseRoute, THROW_AWAY_KEY } from '../../../lib/request/route-choice.ts';
import type { RequestSettings } from '../../../lib/request/settings.ts';
import { RouteTable } from '../../../lib/routes/route-table.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';
import { aHead, requestSettings } from '../../support/request-fixture.ts';

const APP = '11111111-2222-3333-4444-555555555555';
const PROCESS = 'aaaaaaaa-2222-3333-4444-555555555555';

const first = anEndpoint({ appId: APP, instanceIndex: '0', tags: { process_id: PROCESS } });
const second = anEndpoint({ port: 8081, appId: APP, instanceIndex: '1', tags: { process_id: PROCESS } });
const twin = anEndpoint({ port: 8082, appId: APP, instanceIndex: '1', tags: { process_id: 'other' } });

function setUp() {
  const table = new RouteTable();
  table.set(aPool('a.com', [first, second, twin]));
  table.set(aPool('empty.com', []));
  table.set(aPool('service.com', [first], { routeServiceUrl: 'https://service' }));
  const states = new EndpointStates(() => 0);
  const choose = (
    host: string,
    headers: readonly string[] = [],
    settings: Partial<RequestSettings> = {},
    healthy = true,
  ) => {
    const route = { host, lookupHost: host.split(':')[0]!, path: '/' };
    return chooseRoute(aHead({ headers }), route, table, requestSettings(settings), states, healthy);
  };
  return { table, states, choose };
}

describe('chooseRoute', () => {
  const answers: readonly {
    readonly name: string;
    readonly host?: string;
    readonly headers?: readonly string[];
    readonly settings?: Partial<RequestSettings>;
    readonly expect: readonly [status: number, routerError: string];
  }[] = [
    { name: 'an unknown host', host: 'b.com', expect: [404, 'unknown_route'] },
    { name: 'an empty host', host: '', expect: [400, 'empty_host'] },
    { name: 'a port alone', host: ':80', expect: [400, 'empty_host'] },
    { name: "the client's own address", host: '203.0.113.9:80', expect: [400, 'empty_host'] },
    { name: 'an emptied pool', host: 'empty.com', expect: [404, 'unknown_route'] },
    {
      name: 'an emptied pool, where that has a status of its own',
      host: 'empty.com',
      settings: { emptyPoolCode503: true },
      expect: [503, 'no_endpoints'],
    },
    { name: 'a route with a route service', host: 'service.com', expect: [502, 'route_service_unsupported'] },
    ...[`${APP}`, `${APP}:`, `${APP}:x`, `${APP.replace('1', 'A')}:0`, ` ${APP}:0`, `${APP}:0\n`, 'x:0'].map(
      (value) => ({
        name: `X-CF-App-Instance ${JSON.stringify(value)}`,
        headers: ['X-CF-App-Instance', value],
        expect: [400, 'invalid_cf_app_instance_header'] as const,
      }),
    ),
    {
      name: 'an app instance that the route does not have',
      headers: ['X-CF-App-Instance', `${APP}:7`],
      expect: [400, 'unknown_route'],
    },
    {
      name: 'an app instance on an unknown route',
      host: 'b.com',
      headers: ['X-CF-App-Instance', `${APP}:0`],
      expect: [400, 'unknown_route'],
    },
    {
      name: 'an app instance on an emptied route',
      host: 'empty.com',
      headers: ['X-CF-App-Instance', `${APP}:0`],
      settings: { emptyPoolCode503: true },
      expect: [400, 'unknown_route'],
    },
    {
      name: 'an invalid process instance',
      headers: ['X-CF-Process-Instance', `${PROCESS}:`],
      expect: [400, 'invalid_cf_process_instance_header'],
    },
    {
      name: 'an unknown process',
      headers: ['X-CF-Process-Instance', APP],
      expect: [400, 'unknown_route'],
    },
  ];

  for (const { name, host = 'a.com', headers, settings, expect: expected } of answers) {
    it(`answers ${expected[0]} to ${name}`, () => {
      const [status, routerError] = expected;
      expect(setUp().choose(host, headers, settings)).to.include({ status, routerError });
    });
  }

  it('gives the pool of the route as it stands in the table', () => {
    const { choose, table } = setUp();
    expect(choose('a.com')).to.deep.equal({ pool: table.get('a.com') });
  });

  const narrowings: readonly { name: string; headers: readonly string[]; expect: readonly string[] }[] = [
    {
      name: 'one app instance, the last registered of several',
      headers: ['x-cf-app-instance', `${APP}:1`],
      expect: [twin.address],
    },
    {
      name: 'all instances of a process',
      headers: ['X-CF-Process-Instance', PROCESS],
      expect: [first.address, second.address],
    },
    {
      name: 'one instance of a process',
      headers: ['X-CF-Process-Instance', `${PROCESS}:1`],
      expect: [second.address],
    },
    {
      name: 'the app instance when both are asked for',
      headers: ['X-CF-Process-Instance', 'nonsense', 'X-CF-App-Instance', `${APP}:0`],
      expect: [first.address],
    },
  ];

  for (const { name, headers, expect: addresses } of narrowings) {
    it(`narrows the pool to ${name}`, () => {
      const choice = setUp().choose('a.com', headers);
      if (!('pool' in choice)) throw new Error(`answered ${choice.status}`);
      expect(choice.pool.endpoints.map((e) => e.address)).to.deep.equal(addresses);
      expect(choice.pool.key).to.equal(THROW_AWAY_KEY);
    });
  }

  it('ignores instance headers without a value', () => {
    const { choose, table } = setUp();
    const choice = choose('a.com', ['X-CF-App-Instance', '', 'X-CF-Process-Instance', '']);
    expect(choice).to.deep.equal({ pool: table.get('a.com') });
  });

  it('answers 503 once every endpoint is at its limit, and not before', () => {
    const { choose, states } = setUp();
    states.begin(first);
    const begun = states.begin(second);
    expect(choose('a.com', [], { maxConns: 1 })).to.have.property('pool');
    states.begin(twin);
    expect(choose('a.com', [], { maxConns: 1 })).to.include({
      status: 503,
      routerError: 'Connection Limit Reached',
    });
    states.end(begun);
    expect(choose('a.com', [], { maxConns: 1 })).to.have.property('pool');
  });

  it("answers a load balancer's User-Agent on any host", () => {
    const { choose } = setUp();
    const headers = ['User-Agent', 'HTTP-Monitor/1.1'];
    expect(choose('b.com', headers)).to.include({ status: 200, body: 'ok\n', routerError: '' });
    expect(choose('a.com', headers, {}, false)).to.include({ status: 503, body: '' });
    expect(choose('b.com', ['User-Agent', 'HTTP-Monitor/1.1x'])).to.include({ status: 404 });
  });

  it('takes requests without User-Agent for health checks when none is configured', () => {
    const { choose } = setUp();
    expect(choose('b.com', [], { healthcheckUserAgent: '' })).to.include({ status: 200 });
    expect(choose('b.com', ['User-Agent', 'x'], { healthcheckUserAgent: '' })).to.include({ status: 404 });
  });
});
