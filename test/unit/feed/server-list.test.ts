import { expect } from 'chai';
import { ServerList } from '../../../lib/feed/server-list.ts';
import { serverName } from '../../../lib/feed/server-probe.ts';

const CONFIGURED = [
  { hostname: 'a.example.com', port: 4222 },
  { hostname: '10.0.0.1', port: 4223 },
];

describe('ServerList', () => {
  it('has everybody in each round, in random order', () => {
    const list = new ServerList(CONFIGURED);
    const orders = new Set<string>();
    for (const luck of [0, 0.999])
      orders.add(
        list
          .round(() => luck)
          .map(serverName)
          .join(),
      );
    expect(orders).to.deep.equal(
      new Set(['a.example.com:4222,10.0.0.1:4223', '10.0.0.1:4223,a.example.com:4222']),
    );
  });

  it('adds the members of the cluster, which carry the name of the server that told of them', () => {
    const list = new ServerList(CONFIGURED);
    list.learn(
      ['10.0.0.1:4223', '10.0.0.2:4222', '[fd00::1]:4224', 'b.example.com:4225', 'no address'],
      'a.example.com',
    );
    const added = list.round(() => 0.999).slice(2);
    expect(added).to.deep.equal([
      { hostname: '10.0.0.2', port: 4222, tlsName: 'a.example.com' },
      { hostname: 'fd00::1', port: 4224, tlsName: 'a.example.com' },
      { hostname: 'b.example.com', port: 4225, tlsName: 'b.example.com' },
    ]);
  });

  it('forgets members that are not told of any more', () => {
    const list = new ServerList(CONFIGURED);
    list.learn(['10.0.0.2:4222'], 'x');
    list.learn([], 'x');
    expect(list.round()).to.have.length(2);
  });
});
