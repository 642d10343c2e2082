import { connectionOwner } from './connection-owner.ts';
import { HttpProbe } from './http-probe.ts';

const MOST_CONNECTIONS = 200;

/** A connection to each worker. The kernel deals them out, so they are opened until every worker has one. */
export async function probeEachWorker(port: number, pids: readonly number[]): Promise<HttpProbe[]> {
  const byWorker = new Map<number, HttpProbe>();
  for (let opened = 0; byWorker.size < pids.length; opened++) {
    if (opened === MOST_CONNECTIONS) {
      throw new Error(`${opened} connections reached ${byWorker.size} of ${pids.length} workers`);
    }
    const probe = await HttpProbe.connect(port);
    await probe.get('no-such-route.bench.example'); // an answer proves that it was accepted
    const owner = connectionOwner(port, probe.localPort, pids);
    if (owner === undefined || byWorker.has(owner)) probe.close();
    else byWorker.set(owner, probe);
  }
  return [...byWorker.values()];
}
