import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { Tunnels } from '../../../lib/lanes/general/tunnels.ts';
import { closingAfterEach } from '../../support/closing.ts';

const LONG_MS = 600_000;

describe('Tunnels', () => {
  const closing = closingAfterEach();

  /** Both ends of a connection over loopback. */
  const pair = async (): Promise<[Socket, Socket]> => {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [far] = (await once(server, 'connection')) as [Socket];
    server.close();
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      closing(() => socket.destroy());
    }
    return [near, far];
  };

  const joined = async (tunnels: Tunnels) => {
    const [client, ours] = await pair();
    const [theirs, endpoint] = await pair();
    const ended = tunnels.join(ours, theirs);
    return { client, endpoint, ended };
  };

  it('end each at its own moment within the time', async () => {
    const moments = [0, 0.9];
    const tunnels = new Tunnels(() => moments.shift() ?? 0);
    const first = await joined(tunnels);
    const second = await joined(tunnels);

    tunnels.endWithin(LONG_MS);
    await first.ended;
    second.client.write('still');
    expect(String((await once(second.endpoint, 'data'))[0])).to.equal('still');
    expect(tunnels.size).to.equal(1);

    // Opens meanwhile, and is due at once.
    await (await joined(tunnels)).ended;
    second.client.destroy();
    await second.ended;
    expect(tunnels.size).to.equal(0);
  });

  it('end earlier when told an earlier end, and not later when told a later one', async () => {
    const tunnels = new Tunnels(() => 0.9);
    const one = await joined(tunnels);
    tunnels.endWithin(LONG_MS);
    tunnels.endWithin(10);
    tunnels.endWithin(LONG_MS);
    await one.ended;
  });
});
