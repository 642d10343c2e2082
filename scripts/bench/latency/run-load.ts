import { Client } from './client.ts';
import { CoreWatch } from './core-watch.ts';
import { Disturbances } from './disturbances.ts';
import type { OpenLoad, OpenLoadResult, Window } from './messages.ts';

/** Long against one request and the pauses that a machine makes, short against the time between two of those. */
const WINDOW_MS = 25;
/** For the last answers. */
const GRACE_MS = 2_000;
/** Time between two looks at the sockets: each leaves garbage, and collecting it delays answers by far more. */
const LOOK_EVERY_MS = 0.003;

/**
 * Sends request n when it is due, and counts its wait from then, also when it could not be sent because all
 * connections still waited for answers. A closed loop, as wrk's, sends less while the server is slow and so leaves out
 * the waits that clients would have had (coordinated omission).
 *
 * Timers of 1 ms would send in bursts, so it looks at the clock and at its sockets without ever sleeping. What is noted
 * of a request has its place beforehand, so that little has to be collected in between.
 */
export async function runLoad(load: OpenLoad): Promise<OpenLoadResult> {
  const { perSecond, connections } = load;
  const uncounted = Math.round(perSecond * load.leadInSeconds);
  const counted = Math.round(perSecond * load.seconds);
  const total = uncounted + counted;
  const windows = Math.ceil((1_000 * load.seconds) / WINDOW_MS);
  /** From the first that counts. */
  const dueMs = (n: number): number => (1_000 * (n - uncounted)) / perSecond;
  const waitsMs = new Float64Array(total).fill(Number.NaN);

  // A ring, in which the connection that waited longest goes first, so that all are in use.
  const free: Client[] = [];
  let taken = 0;
  let freed = 0;
  let sent = 0;
  let answered = 0;
  let errors = 0;
  let zeroMs = 0;
  const clockMs = (): number => performance.now() - zeroMs;
  const told = {
    answered(client: Client, isGood: boolean): void {
      waitsMs[client.asked] = clockMs() - dueMs(client.asked);
      answered += 1;
      if (!isGood) errors += 1;
      free[freed % connections] = client;
      freed += 1;
    },
    broken(): void {
      errors += 1;
    },
  };
  const connecting = Array.from({ length: connections }, () => Client.connect(load.port, load.host, told));
  const clients = await Promise.all(connecting);
  free.push(...clients);
  freed = connections;

  const watch = new CoreWatch(load.watched);
  zeroMs = performance.now() - dueMs(0);
  const disturbances = new Disturbances(watch, windows, WINDOW_MS, clockMs());
  const giveUpMs = dueMs(total) + GRACE_MS;
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      const nowMs = clockMs();
      disturbances.look(nowMs);
      for (; sent < total && taken < freed && dueMs(sent) <= nowMs; sent += 1) {
        free[taken % connections]?.ask(sent);
        taken += 1;
      }
      if (answered >= total || errors >= connections || nowMs > giveUpMs) {
        resolve();
        return;
      }
      while (clockMs() < nowMs + LOOK_EVERY_MS);
      setImmediate(turn);
    };
    turn();
  });
  watch.close();
  for (const client of clients) client.close();

  const waitsUs: number[][] = Array.from({ length: windows }, () => []);
  for (let n = uncounted; n < total; n += 1) {
    const us = Math.round(1_000 * (waitsMs[n] ?? Number.NaN));
    if (!Number.isNaN(us)) waitsUs[Math.floor(dueMs(n) / WINDOW_MS)]?.push(us);
  }
  return {
    windows: waitsUs.map(
      (waits, n): Window => ({
        waitsUs: waits,
        heldUpMs: disturbances.heldUpMs[n] ?? 0,
        takenMs: disturbances.takenMs[n] ?? 0,
      }),
    ),
    unanswered: total - answered,
    errors,
  };
}
