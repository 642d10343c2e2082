import type { Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Resolves in the moment at which closing the listener costs the least: the kernel resets the connections that wait in
 * its queue by then (unless net.ipv4.tcp_migrate_req is set). libuv accepts one of them in each turn of the loop, and
 * immediates come right after that; so the first turn that accepted none has left the queue empty. Resolves anyway
 * after `withinMs`.
 */
export async function quietMoment(server: Server, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  let accepted: boolean;
  const noted = (): void => {
    accepted = true;
  };
  server.on('connection', noted);
  do {
    accepted = false;
    await nextTurn();
  } while (accepted && performance.now() < deadline);
  server.off('connection', noted);
}
