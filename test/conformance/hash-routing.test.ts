import { expect } from 'chai';
import { NO_OPTIONS } from '../../lib/routes/endpoint.ts';
import { deadPort, describeLane, type LaneStage, type RunningLane, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const get = (...fields: string[]): string =>
  ['GET / HTTP/1.1', 'Host: h.test', ...fields, '', ''].join('\r\n');
const HASHED = { ...NO_OPTIONS, loadbalancing: 'hash', hashHeader: 'X-Tenant' };
const SETTINGS = { algorithm: 'hash', hashHeader: 'X-Tenant', hashBalance: 0 } as const;
const NAMES = ['a', 'b', 'c'];

/** The instances whose table the contract gives: `inst-a`, `inst-b`, `inst-c`, each answering its letter. */
async function instances(stage: LaneStage, lane: RunningLane, dead: string[] = []): Promise<void> {
  const backends = await Promise.all(
    NAMES.map(async (name) => {
      const port = dead.includes(name) ? await deadPort() : (await stage.backend(answering(ok(name)))).port;
      return { port, instanceId: `inst-${name}`, options: HASHED };
    }),
  );
  route(lane, 'h.test', backends, SETTINGS);
}

describeLane('hash-based routing', (stage) => {
  it('leads a value of the header to its instance, every time', async () => {
    const lane = await stage.start();
    await instances(stage, lane);
    const client = await stage.client(lane);

    for (let round = 0; round < 3; round += 1) {
      for (const [value, expected] of [
        ['tenant-1', 'c'],
        ['tenant-2', 'c'],
        ['tenant-3', 'a'],
        ['alice', 'a'],
        ['bob', 'b'],
      ]) {
        const answer = await client.ask(get(`x-tenant: ${value}`, 'X-Tenant: other'));
        expect(answer.body.toString(), value).to.equal(expected);
      }
    }
  });

  it('goes on to the next of the value when its instance cannot be reached, and back to it for the next request', async () => {
    const lane = await stage.start();
    await instances(stage, lane, ['c']);
    const client = await stage.client(lane);

    for (let i = 0; i < 2; i += 1) {
      const answer = await client.ask(get('X-Tenant: tenant-1'));
      expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
      expect(answer.body.toString()).to.equal('b');
    }
    // Marks are made, and not looked at: both requests tried the dead one first.
    expect(lane.lines.filter(({ message }) => message === 'backend-endpoint-failed')).to.have.length(2);
    expect(lane.reports.map(({ verdict }) => verdict)).to.deep.equal(['mark', 'mark']);
  });

  it('balances requests without the header, and says so', async () => {
    const lane = await stage.start();
    await instances(stage, lane);
    const client = await stage.client(lane);

    const served = [];
    for (let i = 0; i < 6; i += 1) served.push((await client.ask(get())).body.toString());

    expect(served.join('')).to.equal('abcabc');
    const said = lane.lines.filter(({ message }) => message === 'hash-based-routing-header-value-not-found');
    expect(said).to.have.length(6);
    expect(said[0]).to.deep.include({ level: 'info', data: { Host: 'h.test', Path: '/' } });
  });

  it('gives way to a sticky session', async () => {
    const lane = await stage.start();
    await instances(stage, lane);
    const client = await stage.client(lane);

    const answer = await client.ask(get('X-Tenant: alice', 'Cookie: JSESSIONID=s; __VCAP_ID__=inst-b'));

    expect(answer.body.toString()).to.equal('b');
  });

  it('gives way to the instance that a header asks for', async () => {
    const lane = await stage.start();
    const guid = '11111111-2222-4333-8444-555555555555';
    const backends = await Promise.all(NAMES.map((name) => stage.backend(answering(ok(name)))));
    route(
      lane,
      'h.test',
      backends.map(({ port }, i) => ({ port, instanceId: `inst-${NAMES[i]}`, appId: guid, options: HASHED })),
      SETTINGS,
    );
    const client = await stage.client(lane);

    const answer = await client.ask(get('X-Tenant: alice', `X-Cf-App-Instance: ${guid}:1`));

    expect(answer.body.toString()).to.equal('b');
  });

  it('serves a route whose message forgot the header by the algorithm of the router', async () => {
    const lane = await stage.start();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'h.test', [backend], { ...SETTINGS, hashHeader: '' });
    const client = await stage.client(lane);

    expect((await client.ask(get('X-Tenant: alice'))).startLine).to.equal('HTTP/1.1 200 OK');
    const said = lane.lines.find(({ message }) => message === 'hash-routing-properties-missing');
    expect(said).to.deep.include({ level: 'error', data: { host: 'h.test' } });
  });
});
