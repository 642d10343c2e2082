import { CAST } from './cast.ts';
import type { Memory } from './memory.ts';
import { PortPicker } from './port-picker.ts';
import { DEFAULT_PORTS, type RouterPorts } from './router-config.ts';

export interface ChosenPorts {
  readonly router: RouterPorts;
  readonly backends: Readonly<Record<string, number>>;
  /** A backend could not have the port of the last run again: whoever has it would get the requests of its route. */
  readonly moved: boolean;
}

/** Ports of the last run for the backends, the usual ones for the router, and free ones where those are taken. */
export async function choosePorts(
  memory: Memory,
  freePorts: boolean,
  say: (text: string) => void,
): Promise<ChosenPorts> {
  const picker = new PortPicker();
  try {
    const pick = async (what: string, wanted: number | undefined): Promise<number> => {
      const port = await picker.take(wanted);
      if (wanted !== undefined && port !== wanted) say(`Port ${wanted} (${what}) is taken: using ${port}.`);
      return port;
    };
    const backends: Record<string, number> = {};
    let moved = false;
    for (const { name, defaultPort } of CAST) {
      const last = memory.backendPorts[name];
      const port = await pick(name, last ?? (freePorts ? undefined : defaultPort));
      backends[name] = port;
      if (last !== undefined && port !== last) moved = true;
    }
    const usual = (what: keyof RouterPorts): Promise<number> =>
      pick(what, freePorts ? undefined : DEFAULT_PORTS[what]);
    const router = {
      http: await usual('http'),
      health: await usual('health'),
      routes: await usual('routes'),
      nats: await usual('nats'),
    };
    return { router, backends, moved };
  } finally {
    await picker.release();
  }
}
