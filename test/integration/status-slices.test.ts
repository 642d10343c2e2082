import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { answerJson } from '../../lib/status/answer-json.ts';
import { closingAfterEach } from '../support/closing.ts';
import { TurnCounter } from '../support/turn-counter.ts';

describe('a large answer of the status server', () => {
  const closing = closingAfterEach();

  it('gives way to everything else after each 4 ms of work', async () => {
    let nowMs = 0;
    const turnOf: number[] = [];
    const counter = TurnCounter.start(closing);
    function* pieces() {
      for (let i = 0; i < 100; i += 1) {
        turnOf.push(counter.turns);
        nowMs += 1;
        yield `${i} `;
      }
    }
    const server = createServer((_request, response) => answerJson(response, pieces(), () => nowMs)).listen(
      0,
    );
    closing(() => server.close());
    await once(server, 'listening');
    const asked = get({ port: (server.address() as AddressInfo).port, agent: false });
    const [response] = await once(asked, 'response');
    const text = Buffer.concat(await response.toArray()).toString();
    expect(text.trim().split(' ').map(Number)).to.deep.equal(turnOf.map((_, i) => i));
    const inOneTurn = Map.groupBy(turnOf, (turn) => turn);
    expect(Math.max(...[...inOneTurn.values()].map((together) => together.length))).to.equal(4);
  });
});
