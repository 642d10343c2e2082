import { readFileSync } from 'node:fs';

/** States whose socket no process has any more, or that are no connections (include/net/tcp_states.h in Linux). */
const TIME_WAIT = '06';
const LISTEN = '0A';

/** How many connections this host's processes hold that came in at this port, as the kernel's tables have them. */
export function connectionsTo(port: number): number {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let count = 0;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'latin1').split('\n')) {
      const [, local = '', , state] = line.trim().split(/\s+/u);
      if (local.endsWith(ending) && state !== TIME_WAIT && state !== LISTEN) count += 1;
    }
  }
  return count;
}
