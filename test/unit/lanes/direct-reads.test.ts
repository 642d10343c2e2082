import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { adopt, DirectReads, owned } from '../../../lib/lanes/fast/direct-reads.ts';

describe('direct reads', () => {
  let server: Server;
  let client: Socket;
  let accepted: Socket;

  beforeEach(async () => {
    server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => {});
    [accepted] = (await once(server, 'connection')) as [Socket];
  });

  afterEach(() => {
    client.destroy();
    server.close();
  });

  it('are to be had for an accepted connection on this version of Node', async () => {
    const reads = new DirectReads();
    const socket = adopt(accepted, reads);
    expect(socket, 'node no longer lets go of its handles').not.equal(undefined);
    const read = new Promise<string>((resolve) => {
      reads.give(socket!, {
        take: (bytes) => {
          resolve(bytes.toString());
          return undefined;
        },
      });
    });
    client.write('hello');
    expect(await read).equal('hello');
    socket!.write('bye');
    expect(String((await once(client, 'data'))[0])).equal('bye');
    socket!.destroy();
  });

  it('leave the connection to the count of its server', async () => {
    const socket = adopt(accepted, new DirectReads())!;
    expect(await connections(server)).equal(1);
    const closed = once(server, 'close');
    server.close();
    socket.destroy();
    await closed;
    expect(await connections(server)).equal(0);
  });

  it('tell the end of the connection as an event of the socket', async () => {
    const reads = new DirectReads();
    const socket = adopt(accepted, reads)!;
    reads.give(socket, { take: () => undefined });
    client.end('last');
    await once(socket, 'end');
  });

  it('stop while the socket is paused', async () => {
    const reads = new DirectReads();
    const socket = adopt(accepted, reads)!;
    const seen: string[] = [];
    let told: () => void = () => {};
    reads.give(socket, {
      take: (bytes) => {
        seen.push(bytes.toString());
        told();
        return undefined;
      },
    });
    socket.pause();
    const written = new Promise<void>((resolve) => client.write('one', () => resolve()));
    await written;
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).deep.equal([]);
    const read = new Promise<void>((resolve) => {
      told = resolve;
    });
    socket.resume();
    await read;
    expect(seen).deep.equal(['one']);
    socket.destroy();
  });

  it('share their memory, of which `owned` makes a copy', async () => {
    const reads = new DirectReads();
    const socket = adopt(accepted, reads)!;
    const kept: Buffer[] = [];
    const views: Buffer[] = [];
    let told: () => void = () => {};
    reads.give(socket, {
      take: (bytes) => {
        views.push(bytes);
        kept.push(owned(bytes, 1, 3));
        told();
        return undefined;
      },
    });
    for (const text of ['abcd', 'wxyz']) {
      const read = new Promise<void>((resolve) => {
        told = resolve;
      });
      client.write(text);
      await read;
    }
    expect(views.map(String)).deep.equal(['wxyz', 'wxyz']);
    expect(kept.map(String)).deep.equal(['bc', 'xy']);
    socket.destroy();
  });

  it('need no copy of what is in memory of its own', () => {
    const bytes = Buffer.from('abcd');
    expect(owned(bytes, 0, 4)).equal(bytes);
    expect(owned(bytes, 1, 3).buffer).equal(bytes.buffer);
  });
});

function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
