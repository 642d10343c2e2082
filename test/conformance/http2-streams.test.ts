import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { ask, field } from '../support/http2/ask.ts';
import { http2Client, http2Port } from '../support/http2/front.ts';
import { route, startFastLane } from '../support/lane-fixture.ts';
import { seededRandom } from '../support/random.ts';

const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');

/** Node's client and its codec against ours, both ways, with everything that a table and a window can go through. */
describe('HTTP/2 streams, many at once', () => {
  const closing = closingAfterEach();

  /** An endpoint that gives back what it got: fields named `x-...`, and the body. */
  async function echo(): Promise<number> {
    const server = createServer((req, res) => {
      const fields = req.rawHeaders.flatMap((text, i, all) =>
        i % 2 === 0 && /^x-\d/.test(text) ? [text, all[i + 1]!] : [],
      );
      res.writeHead(200, [...fields, 'x-token', String(req.headers['x-token'])]);
      req.pipe(res);
    });
    closing(() => server.close());
    closing(() => server.closeAllConnections());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function stage() {
    const lane = await startFastLane({});
    closing(() => lane.stop());
    route(lane, 'a.example.com', [{ port: await echo() }]);
    return { lane, client: await http2Client(await http2Port(lane, closing), closing) };
  }

  for (const seed of [7, 2026]) {
    it(`carry fields of all kinds as they are, new and repeated, seed ${seed}`, async () => {
      const { client } = await stage();
      const random = seededRandom(seed);
      const some = (length: number): string =>
        Array.from({ length }, () => PRINTABLE[Math.floor(random() * PRINTABLE.length)]!)
          .join('')
          .trim();
      const values = Array.from({ length: 60 }, () => some(Math.floor(random() ** 4 * 2_000)));
      for (let i = 0; i < 150; i += 1) {
        const headers: Record<string, string> = {};
        for (let n = Math.floor(random() * 12); n > 0; n -= 1) {
          const value = random() < 0.7 ? values[Math.floor(random() * values.length)]! : some(20);
          headers[`x-${Math.floor(random() * 20)}`] = value;
        }
        const answer = await ask(client, { ...headers, 'x-token': String(i) });
        expect(answer.status).to.equal(200);
        for (const [name, value] of Object.entries(headers))
          expect(field(answer.fields, name)).to.equal(value);
      }
    });

    it(`carry each its own body, from nothing to a mebibyte and more, seed ${seed}`, async function () {
      this.timeout(60_000);
      const { lane, client } = await stage();
      const random = seededRandom(seed);
      const one = async (token: number): Promise<void> => {
        const body = Buffer.alloc(Math.floor(random() ** 6 * 3_000_000), `${token} `);
        const answer = await ask(client, { ':method': 'POST', 'x-token': String(token) }, body);
        expect(field(answer.fields, 'x-token')).to.equal(String(token));
        expect(answer.rstCode).to.equal(0);
        expect(answer.body.equals(body), `the body of ${token}, ${body.length} octets`).to.equal(true);
      };
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(Array.from({ length: 60 }, (_, i) => one(round * 60 + i)));
      }
      expect(lane.figures().activeRequests).to.equal(0);
    });
  }

  it('that are reset at any moment leave the others alone', async () => {
    const { lane, client } = await stage();
    const random = seededRandom(3);
    const body = Buffer.alloc(200_000, 'abc');
    const all = Array.from({ length: 200 }, async (_, i) => {
      if (i % 2 === 0) {
        const stream = client.request({
          ':authority': 'a.example.com',
          ':method': 'POST',
          'x-token': String(i),
        });
        stream.on('error', () => {});
        stream.write(body.subarray(0, Math.floor(random() * body.length)));
        for (let turns = Math.floor(random() * 20); turns > 0; turns -= 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        const closed = once(stream, 'close');
        stream.close(8);
        await closed;
        return;
      }
      const answer = await ask(client, { ':method': 'POST', 'x-token': String(i) }, body);
      expect(answer.body.equals(body)).to.equal(true);
    });
    await Promise.all(all);
    expect((await ask(client, {})).status).to.equal(200);
    expect(lane.figures().openConnections).to.equal(1);
  });
});
