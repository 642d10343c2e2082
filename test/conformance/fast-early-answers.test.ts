import { expect } from 'chai';
import { describeLane, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const HOST = 'Host: app.test\r\n';
/** Would be answered with 200 if anyone ever took it for a request. */
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
const NEXT = `GET /next HTTP/1.1\r\n${HOST}\r\n`;

const chunked = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n0\r\n\r\n`;

describeLane('unread bodies', (stage) => {
  /** Requests that the router answers by itself, whose body nobody wants. */
  const LOCAL: readonly { name: string; line: string; fields: string; status: number }[] = [
    { name: 'OPTIONS *', line: 'OPTIONS * HTTP/1.1', fields: '', status: 200 },
    { name: 'OPTIONS of an authority', line: 'OPTIONS http://app.test HTTP/1.1', fields: '', status: 200 },
    {
      name: 'a health check',
      line: 'POST / HTTP/1.1',
      fields: 'User-Agent: HTTP-Monitor/1.1\r\n',
      status: 200,
    },
    { name: 'an unknown route', line: 'POST http://nowhere.test/ HTTP/1.1', fields: '', status: 404 },
    { name: 'a refused method', line: 'TRACE / HTTP/1.1', fields: '', status: 405 },
  ];
  const BODIES: readonly { name: string; text: string }[] = [
    { name: 'a length', text: `Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}` },
    { name: 'chunks', text: `Transfer-Encoding: chunked\r\n\r\n${chunked(SMUGGLED)}` },
  ];
  for (const { name, line, fields, status } of LOCAL) {
    for (const body of BODIES) {
      for (const late of [false, true]) {
        it(`of ${name} with ${body.name}, ${late ? 'behind' : 'with'} the head, become no request`, async () => {
          const lane = await stage.start();
          const backend = await stage.backend(answering(ok()));
          route(lane, 'app.test', [backend]);
          const client = await stage.client(lane);
          const request = `${line}\r\n${HOST}${fields}${body.text}`;
          const cut = late ? request.indexOf('\r\n\r\n') + 4 : request.length;

          await client.send(request.slice(0, cut));
          const answer = await client.response();
          await client.send(`${request.slice(cut)}${NEXT}`);
          const closes = answer.header('connection') === 'close';
          if (closes) await client.reader.toEnd();
          else expect((await client.response()).startLine).to.equal('HTTP/1.1 200 OK');

          expect(answer.startLine).to.match(new RegExp(`^HTTP/1\\.1 ${status} `));
          expect(backend.received).to.not.include('/smuggled');
          expect(backend.received.includes('/next'), 'the next request served').to.equal(!closes);
        });
      }
    }
  }

  it('of OPTIONS * that is the last on its connection ends it', async () => {
    const lane = await stage.start();
    const client = await stage.client(lane);

    const answer = await client.ask(`OPTIONS * HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(answer.header('connection')).to.equal('close');
    await client.reader.untilClosed();
  });
});
