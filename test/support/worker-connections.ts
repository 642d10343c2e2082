import { KeptConnection } from './kept-connection.ts';
import type { RouterProcess } from './router-process.ts';
import { until } from './until.ts';

const AT_A_TIME = 6;
/** A User-Agent that the router answers by itself, so that no route is needed and none is touched. */
const PROBE = { 'user-agent': 'HTTP-Monitor/1.1' };

/**
 * `each` kept connections to every worker, in the order of `/workers`. The kernel chooses the worker, so some are
 * opened, and the k-th of them sends 2^k requests: the sum that a worker reports then tells which are its own. To be
 * called before anything else is asked, whose count would be taken for ours.
 */
export async function connectionsToEachWorker(
  closing: (close: () => unknown) => void,
  router: RouterProcess,
  each = 1,
): Promise<KeptConnection[][]> {
  const found = new Map<number, KeptConnection[]>();
  for (;;) {
    const before = await requestsByWorker(router);
    const connections = Array.from({ length: AT_A_TIME }, () => new KeptConnection(closing, router));
    for (const [k, connection] of connections.entries()) {
      for (let i = 0; i < 2 ** k; i += 1) await connection.get('probe.test', '/', PROBE);
    }
    const sent = 2 ** AT_A_TIME - 1;
    const after = await until(async () => {
      const now = await requestsByWorker(router);
      let sum = 0;
      for (const [id, requests] of now) sum += requests - (before.get(id) ?? 0);
      return sum === sent ? now : undefined;
    }, 'the figures of all workers');
    for (const [id, requests] of after) {
      const own = requests - (before.get(id) ?? 0);
      const ofWorker = connections.filter((_, k) => (own & (2 ** k)) !== 0);
      found.set(id, [...(found.get(id) ?? []), ...ofWorker]);
    }
    const all = [...after.keys()].map((id) => found.get(id) ?? []);
    if (all.every((ofWorker) => ofWorker.length >= each))
      return all.map((ofWorker) => ofWorker.slice(0, each));
  }
}

async function requestsByWorker(router: RouterProcess): Promise<Map<number, number>> {
  return new Map((await router.status('/workers')).map(({ id, requests }) => [id, requests]));
}
