import type { BackendProcess } from './backend-process.ts';
import { type RouterPorts, STATUS_PASS, STATUS_USER } from './router-config.ts';

/** What can be tried, as lines to copy. */
export function instructions(
  ports: RouterPorts,
  backends: readonly BackendProcess[],
  runDir: string,
): string {
  const front = `http://127.0.0.1:${ports.http}`;
  const victim = backends[1] ?? backends[0];
  const width = `curl -H 'Host: hello.localhost' ${front}/api/pets`.length;
  const line = (command: string, comment: string): string => `  ${command.padEnd(width)}  # ${comment}`;
  return `
Try it, in another terminal:

${line(`curl -H 'Host: hello.localhost' ${front}/`, 'a route with two endpoints: twice')}
${line(`curl -H 'Host: hello.localhost' ${front}/api/pets`, 'a path route')}
${line(`curl -H 'Host: nobody.localhost' ${front}/`, 'no route: 404')}
${line(`kill ${victim?.pid}`, `ends ${victim?.role.name}; its neighbour answers all`)}

  # WebSocket: an echo, and the handshake as curl sees it
  node_modules/.bin/node scripts/demo/ws-client.ts --host echo.localhost ws://127.0.0.1:${ports.http}/ 'anyone there?'
  curl -i -N -m 1 -H 'Host: echo.localhost' -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\
    -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dHVybm91dCBtYWtlIHJ1bg==' ${front}/

  # Status: user ${STATUS_USER}, password ${STATUS_PASS}
  curl http://127.0.0.1:${ports.health}/health
  curl -u ${STATUS_USER}:${STATUS_PASS} http://127.0.0.1:${ports.routes}/routes   # also /varz and /workers

The bus is nats://127.0.0.1:${ports.nats}. Configuration, logs and snapshot are in ${runDir}.
Ctrl-C ends it all; a second run starts with the routes of this one.
`;
}
