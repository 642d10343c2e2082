import { join } from 'node:path';
import type { RouteSet } from '../feed/bench-route.ts';
import { Publisher } from '../feed/publisher.ts';
import { isInstalled } from '../programs.ts';
import type { Stage } from '../scenario.ts';
import { startBackend } from '../servers/backend.ts';
import { startHaproxy } from '../servers/haproxy.ts';
import { startNats } from '../servers/nats.ts';
import { startNginx } from '../servers/nginx.ts';
import { startPlainProxy } from '../servers/plain-proxy.ts';
import { Router } from '../servers/router.ts';
import type { Contender } from './contender.ts';
import type { CostCase } from './cost-case.ts';

export interface Cores {
  readonly proxies: number;
  readonly load: number;
}

/** No route expires while nobody sends heartbeats, and idle endpoint connections are no scarcer than nginx's. */
const CONFIG = { droplet_stale_threshold: '1h', max_idle_conns: 0, max_idle_conns_per_host: 128 };

/** Starts all proxies, on one core; those whose turn it is not stand idle. */
export async function prepareCases(stage: Stage, cores: Cores): Promise<CostCase[]> {
  const { processes, dir, quick, say } = stage;
  const backendPort = await startBackend(processes, cores.load);
  const one: RouteSet = { count: 1, backendPort };
  const many: RouteSet = { count: quick ? 2_000 : 20_000, endpoints: 200, backendPort };

  say('starting the proxies');
  const [oneWorker, twoWorkers] = await startRouters(stage, cores.proxies, one, [1, 2]);
  const [manyRoutes] = await startRouters(stage, cores.proxies, many, [1]);
  const nginx = await startNginx(processes, join(dir, 'nginx'), one, cores.proxies);
  const nginxMany = await startNginx(processes, join(dir, 'nginx-many'), many, cores.proxies);
  const others = [await startPlainProxy(processes, backendPort, cores.proxies)];
  if (isInstalled('haproxy')) {
    others.push(await startHaproxy(processes, join(dir, 'haproxy'), backendPort, cores.proxies));
  } else {
    say('HAProxy is left out: install haproxy');
  }

  const small = { path: '/', hosts: 1 };
  return [
    { name: 'small GET', load: small, contenders: [oneWorker!, nginx, ...others] },
    { name: '16 KB response', load: { path: '/16k', hosts: 1 }, contenders: [oneWorker!, nginx] },
    {
      name: 'connection per request',
      load: { ...small, connectionPerRequest: true },
      contenders: [oneWorker!, nginx],
    },
    {
      name: `${many.count.toLocaleString('en-US')} routes, ${many.endpoints} endpoints, random hosts`,
      load: { path: '/', hosts: many.count },
      contenders: [manyRoutes!, nginxMany],
    },
    { name: 'small GET, 2 workers', load: small, contenders: [twoWorkers!] },
  ];
}

async function startRouters(
  { processes, dir }: Stage,
  core: number,
  routes: RouteSet,
  workerCounts: readonly number[],
): Promise<Contender[]> {
  const { port: natsPort } = await startNats(processes);
  const routers: Router[] = [];
  for (const workers of workerCounts) {
    routers.push(
      await Router.start(processes, {
        dir: join(dir, `router-${routes.count}-${workers}`),
        natsPort,
        workers,
        core,
        config: CONFIG,
      }),
    );
  }
  const publisher = await Publisher.start(processes, natsPort, routes);
  await publisher.registerAll(...routers);
  return routers.map(({ port, pid, accessLog }) => ({ name: 'turnout', port, pid, accessLog }));
}
