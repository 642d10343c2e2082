import type { Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Resolves in the moment at which closing listeners costs the least: the kernel resets the connections that wait in
 * their queues by then (unless net.ipv4.tcp_migrate_req is set). libuv accepts one of them in each turn of the loop, and
 * immediates come right after that; so the first turn that accepted none has left the queue empty. Resolves anyway
 * after `withinMs`.
 */
export async function quietMoment(servers: readonly Server[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  let accepted: boolean;
  const noted = (): void => {
    accepted = true;
  };
  for (const server of servers) server.on('connection', noted);
  do {
    accepted = false;
    await nextTurn();
  } while (accepted && performance.now() < deadline);
  for (const server of servers) server.off('connection', noted);
}
