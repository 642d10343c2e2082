import { once } from 'node:events';

/** Environment in which every node process listens for its inspector, and says where on stderr. */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

interface Evaluated {
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** Where the processes listen that a router started so far, as its output has it. */
export function inspectorsIn(output: string): string[] {
  const urls = output.match(/ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/gu) ?? [];
  if (urls.length === 0) throw new Error(`no process said where its inspector listens:\n${output}`);
  return urls;
}

/**
 * Collects all garbage of these processes, and tells how many bytes are left: live objects, and what they hold outside
 * of the heap. Without it, what is left cannot be told from what only waits to be collected.
 */
export async function liveMemoryOf(inspectors: readonly string[]): Promise<number> {
  let live = 0;
  for (const url of inspectors) {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    let id = 0;
    const ask = async (method: string, params: object = {}): Promise<Evaluated> => {
      id += 1;
      socket.send(JSON.stringify({ id, method, params }));
      const [event] = (await once(socket, 'message')) as [MessageEvent];
      return JSON.parse(String(event.data)) as Evaluated;
    };
    const evaluate = async (expression: string): Promise<number> =>
      Number((await ask('Runtime.evaluate', { expression })).result?.result?.value);
    // Twice: what the first one finalises, the second one frees.
    for (let n = 0; n < 2; n++) await ask('HeapProfiler.collectGarbage');
    live += await evaluate('process.memoryUsage().heapUsed + process.memoryUsage().external');
    socket.close();
    await once(socket, 'close');
  }
  return live;
}
