import { expect } from 'chai';
import { TicketKeys } from '../../../lib/primary/ticket-keys.ts';

describe('TicketKeys', () => {
  it('tells the newest first, and keeps two before it', () => {
    const told: (readonly string[])[] = [];
    const keys = new TicketKeys((all) => told.push(all));
    keys.start();
    for (let i = 0; i < 3; i += 1) keys.rotate();
    keys.stop();
    expect(told.map((all) => all.length)).to.deep.equal([1, 2, 3, 3]);
    expect(told[1]![1]).to.equal(told[0]![0]);
    expect(told[3]!.slice(1)).to.deep.equal(told[2]!.slice(0, 2));
    const distinct = new Set(told.flat());
    expect(distinct.size).to.equal(4);
    for (const key of distinct) expect(Buffer.from(key, 'base64')).to.have.length(48);
  });
});
