import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { type RunningLane, route, startFastLane } from '../support/lane-fixture.ts';
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

/** A bug in each kind of event. `status`: of the answer; undefined = the connection ends without a whole one. */
const BUGS: readonly {
  readonly name: string;
  readonly script: Script;
  readonly status: number | undefined;
  plant(lane: RunningLane): void;
}[] = [
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
    plant: (lane) => break_(lane.lines, 'push'),
  },
  {
    name: 'as the record is written',
    script: answering(ok()),
    status: 200,
    plant: (lane) => break_(lane.records, 'push'),
  },
];

describe('fast lane: a bug', () => {
  const closing = closingAfterEach();

  for (const { name, script, status, plant } of BUGS) {
    it(`${name} costs that request, and no other`, async () => {
      const lane = await startFastLane({});
      closing(() => lane.stop());
      const backend = await ScriptedBackend.start(script, closing);
      const other = await ScriptedBackend.start(answering(ok('other')), closing);
      route(lane, 'app.test', [backend]);
      const [endpoint] = route(lane, 'other.test', [other]);
      const client = await RawClient.connect(lane.port, closing);
      plant(lane);

      await client.send(GET);
      if (status === undefined) await client.reader.untilClosed();
      else expect((await client.response()).startLine).to.include(` ${status} `);

      const next = await RawClient.connect(lane.port, closing);
      const answer = await next.ask(GET.replace('app', 'other'));
      expect(answer.body.toString()).to.equal('other');
      expect(lane.figures().activeRequests).to.equal(0);
      expect(lane.states.inFlight(endpoint!)).to.equal(0);
      client.close();
      next.close();
      await until(() => lane.figures().openConnections === 0, 'the connections to be gone');
    });
  }
});
