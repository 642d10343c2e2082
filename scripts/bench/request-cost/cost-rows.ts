import type { CostRow, Entrant, Target } from './cost-row.ts';
import type { ProxyOptions, TurnoutOptions } from './field.ts';
import { type Http1Load, SMALL_GET } from './load.ts';

/** As many idle connections as nginx keeps: 200 endpoints do not fit into the usual 100. */
const ROOM_FOR_IDLE = { max_idle_conns: 0, max_idle_conns_per_host: 128 };

const turnout = (options?: TurnoutOptions, name = 'turnout'): Entrant => ({
  name,
  start: (field) => field.turnout(options),
});
const nginx = (options?: ProxyOptions, name = 'nginx'): Entrant => ({
  name,
  needs: 'nginx',
  start: (field) => field.nginx(options),
});
const timesNginx = (times: number): Target => ({ kind: 'cost', against: 'nginx', times });

/** Of turnout and nginx alone, both made alike. */
function beside(
  name: string,
  about: string,
  load: Http1Load,
  times: number,
  options?: ProxyOptions,
): CostRow {
  return {
    name,
    about,
    load,
    profiled: options ?? {},
    entrants: [turnout(options), nginx(options)],
    targets: [timesNginx(times)],
    ...(options?.tlsClients || options?.tlsEndpoints ? { needs: ['openssl'] } : {}),
  };
}

/** In the order in which they run. `quick`: with fewer routes. */
export function costRows(quick: boolean): CostRow[] {
  const many = { routes: { count: quick ? 2_000 : 20_000, endpoints: 200 } };
  const manyHosts = { ...SMALL_GET, hosts: many.routes.count };
  return [
    {
      name: 'small-get',
      about: 'small GET over 64 kept connections',
      load: SMALL_GET,
      profiled: {},
      entrants: [
        turnout(),
        nginx(),
        turnout({ config: { workers: { count: 1, fast_lane: false } } }, 'general lane alone'),
        { name: 'HAProxy', needs: 'haproxy', start: (field) => field.haproxy() },
        { name: 'http-proxy-3', start: (field) => field.plainProxy('http-proxy-3') },
        { name: '@fastify/http-proxy', start: (field) => field.plainProxy('@fastify/http-proxy') },
      ],
      targets: [timesNginx(1.5), { kind: 'cost', against: 'general lane alone', times: 0.25 }],
    },
    {
      name: 'many-routes',
      about: 'the same over 20,000 routes and 200 endpoints, hosts at random',
      load: manyHosts,
      profiled: { ...many, config: ROOM_FOR_IDLE },
      entrants: [
        turnout({ ...many, config: ROOM_FOR_IDLE }),
        { ...turnout({}, 'turnout, one route'), load: SMALL_GET },
        nginx(many),
        { ...nginx({}, 'nginx, one route'), load: SMALL_GET },
        turnout(many, 'turnout, the usual 100 idle connections'),
      ],
      targets: [{ kind: 'cost', against: 'turnout, one route', times: 1.1 }],
    },
    beside('16k-response', 'responses of 16 KB', { ...SMALL_GET, path: '/16k' }, 2),
    beside('1m-response', 'responses of 1 MB', { ...SMALL_GET, path: '/1m' }, 2),
    beside('10k-post', 'POST of 10 KB in 10 chunks', { ...SMALL_GET, chunkedBodyBytes: 10_240 }, 2),
    beside(
      'connection-each',
      'a connection for each request',
      { ...SMALL_GET, connectionPerRequest: true },
      2.5,
    ),
    beside('tls-clients', 'small GET, clients by TLS', { ...SMALL_GET, tls: true }, 1.7, {
      tlsClients: true,
    }),
    beside('tls-endpoints', 'small GET, endpoints by TLS', SMALL_GET, 1.7, { tlsEndpoints: true }),
    {
      name: 'two-workers',
      about: 'small GET, two workers on the one core',
      load: SMALL_GET,
      profiled: { workers: 2 },
      entrants: [turnout({ workers: 2 }), turnout({}, 'turnout, one worker')],
      targets: [
        { kind: 'cost', against: 'turnout, one worker', times: 1.1 },
        { kind: 'primary', share: 0.01 },
      ],
    },
    {
      name: 'http2-clients',
      about: 'small GET over HTTP/2 and TLS, 10 connections with 10 streams',
      needs: ['h2load', 'openssl'],
      load: { kind: 'http2', path: '/', connections: 10, streams: 10 },
      profiled: { tlsClients: true },
      entrants: [turnout({ tlsClients: true }), nginx({ tlsClients: true })],
      targets: [timesNginx(2.5)],
    },
  ];
}
