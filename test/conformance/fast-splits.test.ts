import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { ByteQueue } from '../support/byte-queue.ts';
import { describeLane, type LaneStage, type RunningLane, route } from '../support/lane-fixture.ts';

const HOST = 'Host: app.test\r\n';

/** All that a client sends on one connection, and what the backend answers. */
const CONVERSATION: readonly { readonly request: string; readonly answer: string }[] = [
  {
    request: `GET /get?x HTTP/1.1\r\n${HOST}X-A: 1\r\nX-A: 2\r\n\r\n`,
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-B: 3\r\n\r\nanswer\r\n\r\n1',
  },
  {
    request: `POST /length HTTP/1.1\r\n${HOST}Content-Length: 14\r\n\r\nGET / HTTP/1.1`,
    answer:
      'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n0\r\n\r\n\r\n1\r\nx\r\n0\r\nX-T: 4\r\n\r\n',
  },
  {
    request: `POST /chunks HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\n0\r\n\r\n\r\nA;x="y"\r\n0123456789\r\n0\r\nX-T: 5\r\n\r\n`,
    answer: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  },
  {
    request: `HEAD /head HTTP/1.1\r\n${HOST}\r\n`,
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
  },
  { request: `GET /304 HTTP/1.1\r\n${HOST}\r\n`, answer: 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n' },
  { request: `DELETE /204 HTTP/1.1\r\n${HOST}\r\n`, answer: 'HTTP/1.1 204 No Content\r\n\r\n' },
  {
    request: `GET /last HTTP/1.1\r\n${HOST}\r\n`,
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlast\r\n0\r\n\r\n',
  },
];
const REQUESTS = CONVERSATION.map(({ request }) => request).join('');
const HEAD_REQUEST = 3;

/** What of the conversation has to be the same however it is cut; chunk sizes are each hop's own. */
const SENT = [
  'GET /get?x HTTP/1.1 x-a=2 "" ',
  'POST /length HTTP/1.1 content-length=14 "GET / HTTP/1.1" ',
  'POST /chunks HTTP/1.1 transfer-encoding=chunked trailer=X-T "0\\r\\n\\r\\n0123456789" x-t=5',
  'HEAD /head HTTP/1.1 "" ',
  'GET /304 HTTP/1.1 "" ',
  'DELETE /204 HTTP/1.1 "" ',
  'GET /last HTTP/1.1 "" ',
];
const ANSWERED = [
  'HTTP/1.1 200 OK content-length=11 x-b=3 "answer\\r\\n\\r\\n1" ',
  'HTTP/1.1 201 Created transfer-encoding=chunked "0\\r\\n\\r\\nx" x-t=4',
  'HTTP/1.1 103 Early Hints link=</x>',
  'HTTP/1.1 200 OK content-length=3 "abc" ',
  'HTTP/1.1 200 OK content-length=1000 "" ',
  'HTTP/1.1 304 Not Modified etag="e" "" ',
  'HTTP/1.1 204 No Content "" ',
  'HTTP/1.1 200 OK transfer-encoding=chunked "last" ',
];
/** Of the router's own making, or tested elsewhere. */
const OURS = /^(?:host|date|connection|keep-alive|x-vcap-|x-request-|x-forwarded-|x-cf-)/;

const shown = (fields: ReadonlyMap<string, string>): string =>
  [...fields].flatMap(([name, value]) => (OURS.test(name) ? [] : [`${name}=${value} `])).join('');

describeLane('bytes cut at any place', (stage) => {
  it('in two by a client that pipelines are the same requests and the same answers', async function () {
    this.timeout(120_000);
    const { lane, seen } = await conversing(stage, () => 0);
    for (let cut = 0; cut <= REQUESTS.length; cut += 1) {
      const answers = await converse(stage, lane, async (send) => {
        await send(REQUESTS.slice(0, cut));
        await send(REQUESTS.slice(cut));
      });
      expect(answers, `cut at ${cut}`).to.deep.equal(ANSWERED);
      expect(seen.splice(0), `cut at ${cut}`).to.deep.equal(SENT);
    }
    expect(lane.counters.connectionsOpened).to.equal(REQUESTS.length + 1);
  });

  it('into single bytes by a client are the same too', async () => {
    const { lane, seen } = await conversing(stage, () => 0);
    const answers = await converse(stage, lane, async (send) => {
      for (const byte of REQUESTS) await send(byte);
    });
    expect(answers).to.deep.equal(ANSWERED);
    expect(seen).to.deep.equal(SENT);
  });

  it('in two by a backend are the same answers', async function () {
    this.timeout(120_000);
    let cut = 0;
    const { lane, seen } = await conversing(stage, () => cut);
    const longest = Math.max(...CONVERSATION.map(({ answer }) => answer.length));
    for (cut = 0; cut <= longest; cut += 1) {
      const answers = await converse(stage, lane, (send) => send(REQUESTS));
      expect(answers, `cut at ${cut}`).to.deep.equal(ANSWERED);
      expect(seen.splice(0), `cut at ${cut}`).to.deep.equal(SENT);
    }
  });
});

/** A lane with a backend that writes down what it gets and cuts its answers at `cut()`. */
async function conversing(
  stage: LaneStage,
  cut: () => number,
): Promise<{ lane: RunningLane; seen: string[] }> {
  const lane = await stage.start();
  const seen: string[] = [];
  const backend = await stage.backend(async ({ socket }) => {
    const queue = new ByteQueue(socket);
    for (let head = await queue.head(); head !== undefined; head = await queue.head()) {
      const { startLine, fields } = head;
      const { body, trailers } = await queue.body(fields, false);
      seen.push(`${startLine} ${shown(fields)}${JSON.stringify(body.toString())} ${shown(trailers).trim()}`);
      const step = CONVERSATION.find(({ request }) => request.startsWith(startLine));
      const { answer } = step!;
      for (const piece of [answer.slice(0, cut()), answer.slice(cut())]) {
        if (piece === '') continue;
        socket.write(piece);
        await apart();
      }
    }
  });
  route(lane, 'app.test', [backend]);
  return { lane, seen };
}

/** Long enough for the router to read what was written as a piece of its own. */
async function apart(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await turn();
}

async function converse(
  stage: LaneStage,
  lane: RunningLane,
  write: (send: (bytes: string) => Promise<void>) => Promise<void>,
): Promise<string[]> {
  const { socket } = await stage.client(lane);
  const queue = new ByteQueue(socket);
  const writing = write(async (bytes) => {
    if (bytes === '') return;
    socket.write(bytes);
    await apart();
  });
  const answers: string[] = [];
  for (let i = 0; i < CONVERSATION.length; ) {
    const head = await queue.head();
    if (head === undefined) break;
    const { startLine, fields } = head;
    if (startLine.startsWith('HTTP/1.1 1')) {
      answers.push(`${startLine} ${shown(fields).trim()}`);
      continue;
    }
    const bodiless = i === HEAD_REQUEST || / [23]04 /.test(startLine);
    const { body, trailers } = bodiless
      ? { body: '', trailers: new Map<string, string>() }
      : await queue.body(fields, true);
    answers.push(`${startLine} ${shown(fields)}${JSON.stringify(body.toString())} ${shown(trailers).trim()}`);
    i += 1;
  }
  await writing;
  await apart();
  expect(queue.length, 'bytes behind the last answer').to.equal(0);
  socket.destroy();
  return answers;
}
