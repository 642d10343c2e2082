import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import {
  type RunningLane,
  recordOf,
  route,
  startFastLane,
  startGeneralLane,
} from '../support/lane-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok, type Script, ScriptedBackend } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'Host: app.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;

const bug = (): never => {
  throw new Error('a bug of ours');
};

/** Something that a lane calls, made to throw once. */
function break_<T extends object>(of: T, method: keyof T & string): void {
  const intact = of[method];
  Object.defineProperty(of, method, {
    configurable: true,
    value: () => {
      Object.defineProperty(of, method, { configurable: true, value: intact });
      bug();
    },
  });
}

const reset: Script = async ({ request, socket }) => {
  await request();
  socket.resetAndDestroy();
};
const half: Script = async ({ request, write, socket }) => {
  await request();
  write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
  socket.end();
};

/** The log, made to throw once, at a line of that name. */
function breakLine(lane: RunningLane, message: string): void {
  const { lines } = lane;
  const intact = lines.push;
  lines.push = (...added): number => {
    if (added[0]?.message !== message) return intact.apply(lines, added);
    lines.push = intact;
    return bug();
  };
}

/** A bug in each kind of event. `status`: of the answer; undefined = the connection ends without a whole one. */
const BUGS: readonly {
  readonly name: string;
  readonly script: Script;
  readonly status: number | undefined;
  plant(lane: RunningLane): void;
}[] = [
  {
    name: 'as its id is told',
    script: answering(ok()),
    status: undefined,
    plant: (lane) => breakLine(lane, 'vcap-request-id-header-set'),
  },
  {
    name: 'as the route is looked up',
    script: answering(ok()),
    status: 502,
    plant: (lane) => break_(lane.table, 'match'),
  },
  {
    name: 'as an attempt begins',
    script: answering(ok()),
    status: 502,
    plant: (lane) => break_(lane.states, 'begin'),
  },
  {
    name: 'as a response head comes',
    script: answering(ok()),
    status: undefined,
    plant: (lane) => break_(lane.states, 'end'),
  },
  {
    name: 'as an endpoint is marked, its connection reset',
    script: reset,
    status: 502,
    plant: (lane) => break_(lane.states, 'mark'),
  },
  {
    name: 'as a body is cut',
    script: half,
    status: undefined,
    plant: (lane) => breakLine(lane, 'backend-response-incomplete'),
  },
  {
    name: 'as the record is written',
    script: answering(ok()),
    status: 200,
    plant: (lane) => break_(lane.records, 'push'),
  },
];

const LANES = [
  ['fast lane', startFastLane],
  ['general lane', startGeneralLane],
] as const;

for (const [laneName, start] of LANES) {
  describe(`${laneName}: a bug`, () => {
    const closing = closingAfterEach();

    for (const { name, script, status, plant } of BUGS) {
      it(`${name} costs that request, and no other`, async () => {
        const lane = await start({});
        closing(() => lane.stop());
        const backend = await ScriptedBackend.start(script, closing);
        const other = await ScriptedBackend.start(answering(ok('other')), closing);
        const [failing] = route(lane, 'app.test', [backend]);
        const [endpoint] = route(lane, 'other.test', [other]);
        const client = await RawClient.connect(lane.port, closing);
        plant(lane);

        await client.send(GET);
        if (status === undefined) await client.reader.untilClosed();
        else expect((await client.response()).startLine).to.include(` ${status} `);

        const next = await RawClient.connect(lane.port, closing);
        const answer = await next.ask(GET.replace('app', 'other'));
        expect(answer.body.toString()).to.equal('other');
        await until(() => lane.figures().activeRequests === 0, 'the end of the requests');
        for (const one of [failing, endpoint]) expect(lane.states.inFlight(one!)).to.equal(0);
        client.close();
        next.close();
        await until(() => lane.figures().openConnections === 0, 'the connections to be gone');
      });
    }

    it('of a policy is answered as ours, not as the endpoint’s, and told once', async () => {
      const lane = await start({ settings: { rewrite: bug } });
      closing(() => lane.stop());
      const backend = await ScriptedBackend.start(answering(ok()), closing);
      route(lane, 'app.test', [backend]);
      const client = await RawClient.connect(lane.port, closing);

      await client.send(GET);
      await client.reader.untilClosed();

      // The answer to a bug is rewritten, too: there is none to send.
      expect(client.reader.text).to.equal('');
      expect((await recordOf(lane)).status).to.equal(0);
      const bugs = lane.lines.filter(({ message }) => message === 'panic-check');
      expect(bugs.length).to.be.within(1, 2);
      expect(bugs[0]?.data).to.include({ host: 'app.test', error: 'Error: a bug of ours' });
      expect(lane.figures().activeRequests).to.equal(0);
    });
  });
}
