import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { ByteQueue } from '../support/byte-queue.ts';
import { describeLane, route } from '../support/lane-fixture.ts';
import { seededRandom } from '../support/random.ts';
import { ok } from '../support/scripted-backend.ts';

const ROUNDS = 1_500;
const HOST = 'Host: app.test\r\n';

/** Requests that must reach the endpoint at most once, and those of which no byte of a body was sent. */
const KINDS: readonly { readonly name: string; readonly repeats: boolean; request(id: number): string }[] = [
  { name: 'GET', repeats: true, request: (id) => `GET /${id} HTTP/1.1\r\n${HOST}\r\n` },
  {
    name: 'POST with a length',
    repeats: false,
    request: (id) => `POST /${id} HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`,
  },
  {
    name: 'POST in chunks',
    repeats: false,
    request: (id) => `POST /${id} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  },
  {
    name: 'POST without a body',
    repeats: true,
    request: (id) => `POST /${id} HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`,
  },
];

describeLane('endpoint connections that close as they are used again', (stage) => {
  for (const [way, seed] of [
    ['end', 11],
    ['resetAndDestroy', 12],
  ] as const) {
    it(`by ${way} fail no request without a body and repeat none with one, in ${ROUNDS} races`, async function () {
      this.timeout(60_000);
      const lane = await stage.start();
      const random = seededRandom(seed);
      const arrived = new Map<string, number>();
      const backend = await stage.backend(async ({ socket }) => {
        const queue = new ByteQueue(socket);
        for (let head = await queue.head(); head !== undefined; head = await queue.head()) {
          const path = head.startLine.split(' ')[1]!;
          arrived.set(path, (arrived.get(path) ?? 0) + 1);
          await queue.body(head.fields, false);
          socket.write(ok(path));
          if (random() < 0.2) continue;
          for (let turns = Math.floor(random() * 8); turns > 0; turns -= 1) await turn();
          socket[way]();
          return;
        }
      });
      route(lane, 'app.test', [backend]);
      let { socket } = await stage.client(lane);
      let queue = new ByteQueue(socket);
      let connections = 1;
      let lost = 0;

      for (let id = 0; id < ROUNDS; id += 1) {
        const kind = KINDS[Math.floor(random() * KINDS.length)]!;
        for (let turns = Math.floor(random() * 8); turns > 0; turns -= 1) await turn();
        socket.write(kind.request(id));
        const { startLine, fields } = (await queue.head())!;
        const { body } = await queue.body(fields, false);

        const name = `${kind.name} ${id}`;
        const count = arrived.get(`/${id}`) ?? 0;
        if (startLine === 'HTTP/1.1 200 OK') {
          expect(body.toString(), name).to.equal(`/${id}`);
          if (!kind.repeats) expect(count, `${name} at the endpoint`).to.equal(1);
        } else {
          expect(kind.repeats, `${name} failed`).to.equal(false);
          expect(startLine, name).to.equal('HTTP/1.1 502 Bad Gateway');
          expect(count, `${name} at the endpoint`).to.be.at.most(1);
          lost += 1;
        }
        // Of an upload that failed a part may be unread.
        if (fields.get('connection') === 'close') {
          expect(startLine, name).to.equal('HTTP/1.1 502 Bad Gateway');
          ({ socket } = await stage.client(lane));
          queue = new ByteQueue(socket);
          connections += 1;
        }
      }

      expect(lost, 'races that were lost').to.be.within(1, ROUNDS / 4);
      expect(lane.counters.connectionsOpened).to.equal(connections);
      expect(lane.figures()).to.include({ activeRequests: 0 });
      expect(lane.counters.requests).to.equal(ROUNDS);
    });
  }
});
