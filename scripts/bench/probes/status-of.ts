import { HttpProbe } from './http-probe.ts';

/** The status of one GET on a connection of its own; 0 when there was no answer. */
export async function statusOf(port: number, host: string, path = '/'): Promise<number> {
  let probe: HttpProbe | undefined;
  try {
    probe = await HttpProbe.connect(port);
    return await probe.get(host, path);
  } catch {
    return 0; // nobody listens yet, or no longer
  } finally {
    probe?.close();
  }
}
