import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { DirectReads } from '../../../lib/lanes/fast/direct-reads.ts';
import { Outbox } from '../../../lib/lanes/fast/outbox.ts';
import { plainHandle } from '../../../lib/lanes/fast/plain-handle.ts';

/** More than the kernel takes for a peer that does not read. */
const MUCH = 64 * 1024 * 1024;

describe('Outbox of a plain socket', () => {
  let server: Server;
  let ours: Socket;
  let peer: Socket;

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    ours = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(ours, 'connect');
    [peer] = (await accepted) as [Socket];
    peer.on('error', () => {});
    ours.on('error', () => {});
  });

  afterEach(() => {
    ours.destroy();
    peer.destroy();
    server.close();
  });

  function received(length: number): Promise<Buffer> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let got = 0;
      peer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        got += chunk.length;
        if (got >= length) resolve(Buffer.concat(chunks));
      });
      peer.resume();
    });
  }

  it('writes without streams on this version of Node', () => {
    expect(plainHandle(ours), 'node no longer lets its handles be used').not.equal(undefined);
  });

  it('has texts and bytes leave in their order, small and large', async () => {
    const out = new Outbox(ours);
    const large = Buffer.alloc(10_000, 'b');
    out.text('a1 ');
    out.bytes(Buffer.from('xsmallx'), 1, 6);
    out.bytes(large, 0, large.length);
    out.text(' a2');
    expect(out.flush()).equal(true);
    out.text('\xff!');
    out.flush();
    const expected = `a1 small${'b'.repeat(10_000)} a2\xff!`;
    expect((await received(expected.length)).toString('latin1')).equal(expected);
    expect(out.written).equal(expected.length);
    expect(out.isSettled).equal(true);
  });

  it('waits for the end of a turn, unless turns bring one message each; and looks again whether they do', async () => {
    const one = new Outbox(ours);
    const other = new Outbox(peer);
    const send = (out: Outbox): boolean => {
      const before = out.written;
      out.text('x');
      out.flush();
      return out.written > before;
    };
    /** Whether the message of each turn left at once. */
    const lonely = async (turns: number): Promise<boolean[]> => {
      const left: boolean[] = [];
      while (left.length < turns) {
        left.push(send(one));
        await nextTurn();
      }
      return left;
    };
    // Whatever was found out before, so many messages and a turn of two end it.
    for (let n = 0; n < 100; n += 1) send(one);
    send(other);
    await nextTurn();
    const before = other.written;

    send(one);
    expect(send(other), 'one of two').equal(false);
    await nextTurn();
    expect(other.written, 'by the end of the turn').equal(before + 1);

    const first = await lonely(8);
    expect(first).deep.equal(first.map(() => false));
    const then = await lonely(64);
    expect(then).deep.equal(then.map(() => true));
    expect(await lonely(3), 'a look, and on').deep.equal([false, true, true]);

    for (let n = 0; n < 100; n += 1) send(one);
    expect([send(other), send(other)], 'after a turn of many').deep.equal([false, false]);
    await nextTurn();
    expect(await lonely(2)).deep.equal([false, false]);
  });

  it('keeps what the peer does not take yet, and tells when it has', async () => {
    const out = new Outbox(ours);
    const reads = new DirectReads();
    reads.give(ours, { take: () => undefined });
    peer.pause();
    const piece = Buffer.alloc(65_536);
    let sent = 0;
    for (; out.flush() && sent < MUCH; sent += piece.length) {
      piece.writeUInt32BE(sent);
      out.bytes(piece, 0, piece.length);
    }
    expect(sent, 'the kernel took all').below(MUCH);
    expect([out.needsDrain, out.isSettled]).deep.equal([true, false]);
    out.text('the end');
    out.flushNow();
    const drained = once(ours, 'drain');
    const all = await received(sent + 7);
    await drained;
    expect([out.needsDrain, out.isSettled]).deep.equal([false, true]);
    for (let at = 0; at < sent; at += piece.length) expect(all.readUInt32BE(at)).equal(at);
    expect(all.subarray(sent).toString()).equal('the end');
  });

  it('has the socket end behind what the peer did not take yet', async () => {
    const out = new Outbox(ours);
    peer.pause();
    const piece = Buffer.alloc(65_536);
    let sent = 0;
    for (; out.flush() && sent < MUCH; sent += piece.length) out.bytes(piece, 0, piece.length);
    ours.end();
    const ended = once(peer, 'end');
    expect((await received(sent)).length).equal(sent);
    await ended;
  });

  it('ends the socket with the error of a write that fails, at once or later', async () => {
    const out = new Outbox(ours);
    peer.pause();
    const piece = Buffer.alloc(65_536);
    while (out.flush()) out.bytes(piece, 0, piece.length);
    const failed = once(ours, 'error') as Promise<[NodeJS.ErrnoException]>;
    peer.resetAndDestroy();
    const [error] = await failed;
    expect(error.code).be.oneOf(['ECONNRESET', 'EPIPE']);
    expect(out.isSettled).equal(false);
    out.text('more');
    expect(() => out.flushNow()).not.to.throw();
  });
});
