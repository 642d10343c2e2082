import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describeLane, type RunningLane, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const TABLE = '/proc/net/tcp';
/** As the kernel's table says of a connection's timer: keep-alive is the one that runs. */
const KEEP_ALIVE = '02';
const JIFFIES = 100;

/** Seconds until the next keep-alive probe of this machine's connection between two local ports; undefined = none. */
function probeIn(localPort: number, remotePort: number): number | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync(TABLE, 'latin1').split('\n')) {
    const [, local, remote, , , timer] = line.trim().split(/\s+/);
    if (!local?.endsWith(`:${hex(localPort)}`) || !remote?.endsWith(`:${hex(remotePort)}`)) continue;
    const [kind, when] = timer!.split(':');
    return kind === KEEP_ALIVE ? Number.parseInt(when!, 16) / JIFFIES : undefined;
  }
  return undefined;
}

describeLane('TCP keep-alive', (stage) => {
  before(function () {
    if (!existsSync(TABLE)) this.skip(); // the kernel's own word is what counts
  });

  const connect = async (keepAliveProbeMs: number) => {
    const lane: RunningLane = await stage.start({ endpoints: { keepAliveProbeMs } });
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    await client.ask('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
    const { port } = client.socket.address() as { port: number };
    const endpointPort = backend.connections[0]!.socket.remotePort!;
    return { front: probeIn(lane.port, port), back: probeIn(endpointPort, backend.port) };
  };

  it('probes clients after 15 s, and endpoints after endpoint_keep_alive_probe_interval', async () => {
    const { front, back } = await connect(7_000);
    expect(front).to.be.within(1, 15);
    expect(back).to.be.within(1, 7);
  });

  it('does not probe endpoints when that is off', async () => {
    const { back } = await connect(0);
    expect(back).to.equal(undefined);
  });
});
