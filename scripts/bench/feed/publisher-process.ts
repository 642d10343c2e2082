import { type RouteSet, registerMessage } from './bench-route.ts';
import { BusConnection } from './bus-connection.ts';
import type { FromPublisher, ToPublisher } from './publisher-messages.ts';

/*
 * Registers the routes of a bench and keeps them registered, in a process of its own so that the measuring one has
 * its event loop to itself. Ends when whoever started it is gone.
 */

const TICK_MS = 1;

let bus: BusConnection | undefined;
let routes: RouteSet = { count: 0, backendPort: 0 };
let timer: NodeJS.Timeout | undefined;
let sent = 0;

const tell = (message: FromPublisher): void => {
  process.send?.(message);
};

/** Sends what is due by the clock, every millisecond: evenly spread, and no slower when a tick comes late. */
function send(perSecond: number, upTo: number, onDone: () => void): void {
  sent = 0;
  const beganMs = performance.now();
  timer = setInterval(() => {
    const due = Math.min(upTo, Math.floor(((performance.now() - beganMs) * perSecond) / 1000));
    const batch: string[] = [];
    for (; sent < due; sent++) batch.push(registerMessage(sent % routes.count, routes));
    bus?.publishAll('router.register', batch);
    if (sent < upTo) return;
    clearInterval(timer);
    onDone();
  }, TICK_MS);
}

process.on('message', (message: ToPublisher) => {
  switch (message.type) {
    case 'begin':
      routes = message.routes;
      void BusConnection.connect(message.natsPort).then((connection) => {
        bus = connection;
        tell({ type: 'begun' });
      });
      return;
    case 'register':
      send(message.perSecond, routes.count, () => tell({ type: 'registered' }));
      return;
    case 'heartbeats':
      send(message.perSecond, Number.POSITIVE_INFINITY, () => {});
      return;
    case 'stop':
      clearInterval(timer);
      tell({ type: 'stopped', sent });
  }
});
process.on('disconnect', () => process.exit(0));
