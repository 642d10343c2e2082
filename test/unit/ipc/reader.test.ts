import { expect } from 'chai';
import type { ToWorker } from '../../../lib/ipc/messages.ts';
import { Reader } from '../../../lib/ipc/reader.ts';

const WINDOW = 100;
const KEYS = ['a', 'b', 'c'];

/** An ack of table 1. */
const ack = (seq: number, chunk: number, more: { table?: number; epoch?: string; complete?: boolean } = {}) =>
  ({ type: 'ack', epoch: 'e1', table: 1, seq, chunk, checksum: 7, complete: false, ...more }) as const;

/** Changes from `first` to `last`, in `size` units of text. */
const batch = (first: number, last: number, size: number, madeAtMs = 0) => ({
  first,
  last,
  checksum: 9,
  text: 'x'.repeat(size),
  madeAtMs,
});

describe('Reader', () => {
  let sent: ToWorker[];
  let completed: number;
  let reader: Reader;

  beforeEach(() => {
    sent = [];
    completed = 0;
    reader = new Reader({
      epoch: 'e1',
      window: WINDOW,
      send: (message) => sent.push(message),
      onComplete: () => {
        completed += 1;
      },
    });
    reader.startTable(KEYS, 5);
  });

  const quietOf = (): unknown[] =>
    sent.flatMap((message) => (message.type === 'table-chunk' ? [message.quiet === true] : []));

  it('numbers tables, and counts chunks and changes from where each begins', () => {
    reader.sendChunk('{}', 2, 0);
    reader.sendChanges(batch(6, 8, 3));
    reader.startTable(KEYS, 8);
    reader.sendChunk('{}', 3, 0);
    reader.sendEnd(4);
    expect(reader.tables).to.equal(2);
    expect(sent).to.deep.equal([
      { type: 'table-start', epoch: 'e1', table: 1, seq: 5 },
      { type: 'table-chunk', epoch: 'e1', table: 1, chunk: 1, pools: '{}', quiet: true },
      { type: 'delta', epoch: 'e1', first: 6, last: 8, checksum: 9, changes: 'xxx' },
      { type: 'table-start', epoch: 'e1', table: 2, seq: 8 },
      { type: 'table-chunk', epoch: 'e1', table: 2, chunk: 1, pools: '{}', quiet: true },
      { type: 'table-end', epoch: 'e1', table: 2, chunks: 1, seq: 8, checksum: 4 },
    ]);
  });

  it('passes over keys whose pools are gone without a message', () => {
    reader.sendChunk('', 3, 0);
    expect(reader.keys).to.equal(undefined);
    expect(sent).to.have.length(1);
  });

  it('has room until a window is on the way, and again once what was first is confirmed', () => {
    reader.sendChunk('x'.repeat(60), 1, 0);
    expect(reader.hasRoom).to.equal(true);
    reader.sendChanges(batch(6, 6, 40));
    expect(reader.hasRoom).to.equal(false);
    reader.acknowledge(ack(6, 0)); // the chunk before the change has not come
    expect(reader.hasRoom).to.equal(false);
    reader.acknowledge(ack(5, 1)); // with the ack before, both have
    expect(reader.hasRoom).to.equal(true);
  });

  it('wants an ack for each half a window of chunks', () => {
    reader.sendChunk('x'.repeat(30), 1, 0);
    reader.sendChunk('x'.repeat(30), 2, 0);
    reader.acknowledge(ack(5, 2));
    reader.sendChunk('x'.repeat(30), 3, 0);
    expect(quietOf()).to.deep.equal([true, false, true]);
  });

  it('wants an ack for a chunk that fills the window', () => {
    reader.sendChanges(batch(6, 6, 80));
    reader.sendChunk('x'.repeat(20), 1, 0);
    expect(quietOf()).to.deep.equal([false]);
  });

  it('is complete when the end was sent and the worker says so, which it tells once', () => {
    reader.acknowledge(ack(5, 0, { complete: true })); // too early to be true
    expect(completed).to.equal(0);
    reader.sendEnd(7);
    reader.acknowledge(ack(5, 0, { complete: true }));
    expect(reader.view(5, 0).complete).to.equal(true);
    reader.startTable(KEYS, 5);
    expect(reader.view(5, 0).complete).to.equal(false);
    reader.sendEnd(7);
    reader.acknowledge(ack(5, 0, { table: 2, complete: true }));
    expect(reader.view(5, 0)).to.include({ complete: true, resyncs: 1 });
    expect(completed).to.equal(1);
  });

  it('takes no ack of another table or epoch', () => {
    reader.sendChanges(batch(6, 6, WINDOW));
    expect(reader.acknowledge(ack(6, 0, { table: 0 }))).to.equal(false);
    expect(reader.acknowledge(ack(6, 0, { epoch: 'e0' }))).to.equal(false);
    expect(reader.hasRoom).to.equal(false);
    expect(reader.acknowledge(ack(6, 0))).to.equal(true);
    expect(reader.hasRoom).to.equal(true);
  });

  it('forgets what was on the way when a table begins', () => {
    reader.sendChanges(batch(6, 6, WINDOW));
    reader.startTable(KEYS, 6);
    expect(reader.hasRoom).to.equal(true);
    expect(reader.view(6, 0)).to.include({ ackedSeq: 6, lagChanges: 0 });
  });

  it('tells how far the worker is behind, in changes and since the oldest of them was made', () => {
    reader.sendChanges(batch(6, 7, 1, 1_000));
    reader.sendChanges(batch(8, 8, 1, 3_000));
    expect(reader.view(9, 4_000)).to.include({ ackedSeq: 5, lagChanges: 4, lagMs: 3_000 });
    reader.acknowledge(ack(7, 0));
    expect(reader.view(9, 4_000)).to.include({ ackedSeq: 7, lagChanges: 2, lagMs: 1_000, checksum: 7 });
    reader.acknowledge(ack(8, 0));
    expect(reader.view(8, 4_000)).to.include({ lagChanges: 0, lagMs: 0 });
  });

  it('reminds a worker that owes an ack, and no other', () => {
    sent.length = 0;
    reader.sendEnd(7);
    reader.remind();
    expect(sent.at(-1)).to.deep.equal({
      type: 'beat',
      epoch: 'e1',
      table: 1,
      chunk: 0,
      ended: true,
      seq: 5,
    });
    reader.acknowledge(ack(5, 0, { complete: true }));
    sent.length = 0;
    reader.remind();
    expect(sent).to.deep.equal([]);
    reader.sendChanges(batch(6, 6, 1));
    reader.remind();
    expect(sent.map(({ type }) => type)).to.deep.equal(['delta', 'beat']);
  });
});
