import { PortPicker } from '../../scripts/demo/port-picker.ts';

/** A port that nobody listens on and no outgoing connection will take, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const picker = new PortPicker();
  try {
    return await picker.take(undefined);
  } finally {
    await picker.release();
  }
}
