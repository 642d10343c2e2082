import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Which of these processes accepted the connection that `clientPort` made to `serverPort` on the loopback address:
 * the kernel's table of TCP connections has its inode, and the process has a descriptor for it. undefined = none yet.
 */
export function connectionOwner(
  serverPort: number,
  clientPort: number,
  pids: readonly number[],
): number | undefined {
  const inode = inodeOf(serverPort, clientPort);
  if (inode === undefined) return undefined;
  return pids.find((pid) => hasSocket(pid, inode));
}

function inodeOf(localPort: number, remotePort: number): string | undefined {
  const ending = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'latin1').split('\n')) {
      const [, local = '', remote = '', , , , , , , inode] = line.trim().split(/\s+/u);
      // 0 = not accepted yet.
      if (local.endsWith(ending(localPort)) && remote.endsWith(ending(remotePort)) && inode !== '0')
        return inode;
    }
  }
  return undefined;
}

function hasSocket(pid: number, inode: string): boolean {
  const dir = `/proc/${pid}/fd`;
  return readdirSync(dir).some((fd) => {
    try {
      return readlinkSync(`${dir}/${fd}`) === `socket:[${inode}]`;
    } catch {
      return false; // closed meanwhile
    }
  });
}
