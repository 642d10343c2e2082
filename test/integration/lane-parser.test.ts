import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { route, startGeneralLane } from '../support/lane-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok, ScriptedBackend } from '../support/scripted-backend.ts';

const HOST = 'Host: app.test\r\n';
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

/**
 * Where node's parser leaves the general lane no choice, and what happens instead of what is right. Each is safe:
 * refused, or made unambiguous before it goes on. A version of node that decides otherwise is noticed here.
 */
const EXCEPTIONS: readonly {
  readonly name: string;
  readonly given: string;
  readonly forwarded: string | undefined;
}[] = [
  {
    name: 'an unknown method is refused (right: forwarded)',
    given: `FOO / HTTP/1.1\r\n${HOST}\r\n`,
    forwarded: undefined,
  },
  {
    name: 'a method in lower case is refused (right: forwarded)',
    given: `get / HTTP/1.1\r\n${HOST}\r\n`,
    forwarded: undefined,
  },
  {
    name: 'raw UTF-8 in the path is refused (right: forwarded)',
    given: `GET /\xc3\xa9 HTTP/1.1\r\n${HOST}\r\n`,
    forwarded: undefined,
  },
  {
    name: 'raw UTF-8 in the query is refused (right: forwarded)',
    given: `GET /?\xc3\xa9 HTTP/1.1\r\n${HOST}\r\n`,
    forwarded: undefined,
  },
  {
    name: 'a framing field as trailer is refused (right: dropped)',
    given: `${CHUNKED}0\r\nContent-Length: 3\r\n\r\n`,
    forwarded: undefined,
  },
  {
    name: 'two spaces before the target become one (right: 400)',
    given: `GET  / HTTP/1.1\r\n${HOST}\r\n`,
    forwarded: 'GET / HTTP/1.1',
  },
  {
    name: 'two spaces behind the target become one (right: 400)',
    given: `GET /  HTTP/1.1\r\n${HOST}\r\n`,
    forwarded: 'GET / HTTP/1.1',
  },
  {
    name: 'several empty lines ahead are ignored (right: one is)',
    given: `\r\n\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    forwarded: 'GET / HTTP/1.1',
  },
];

describe("general lane: where node's parser decides", () => {
  const closing = closingAfterEach();
  for (const { name, given, forwarded } of EXCEPTIONS) {
    it(name, async () => {
      const lane = await startGeneralLane({});
      closing(() => lane.stop());
      const backend = await ScriptedBackend.start(answering(ok()), closing);
      route(lane, 'app.test', [backend]);
      const client = await RawClient.connect(lane.port, closing);

      const answer = await client.ask(given);

      expect(answer.startLine).to.equal(`HTTP/1.1 ${forwarded === undefined ? '400 Bad Request' : '200 OK'}`);
      if (forwarded !== undefined) expect(backend.received.split('\r\n')[0]).to.equal(forwarded);
      expect(lane.reports).to.deep.equal([]);
    });
  }
});
