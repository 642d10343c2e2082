import { expect } from 'chai';
import { parseTemplate } from '../../lib/error-page/template.ts';
import { headerRewrite } from '../../lib/request/rewrite.ts';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const rewrite = headerRewrite({
  remove: ['Server', 'X-Cf-RouterError', 'X-Vcap-Request-Id', 'Date'],
  addIfAbsent: [
    { name: 'X-Frame-Options', value: 'DENY' },
    { name: 'Server', value: 'hidden' },
    { name: 'X-Twice', value: '1' },
    { name: 'X-Twice', value: '2' },
  ],
});
const ADDED = ['X-Frame-Options: DENY', 'Server: hidden', 'X-Twice: 1', 'X-Twice: 2'];
const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

describeLane('http_rewrite', (stage) => {
  it('changes proxied answers, and leaves their framing alone', async () => {
    const lane = await stage.start({ settings: { rewrite } });
    const backend = await stage.backend(
      answering(
        ok('ok', 'Server: nginx', 'x-frame-options: SAMEORIGIN', 'Date: Mon, 01 Jan 2001 00:00:00 GMT'),
      ),
    );
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    const date = answer.header('date');
    expect(date).to.match(/GMT$/);
    expect(date).not.to.include('2001');
    expect(answer.headerLines.filter((line) => !line.startsWith('Date: '))).to.deep.equal([
      'Content-Length: 2',
      'x-frame-options: SAMEORIGIN',
      ...ADDED.slice(1),
    ]);
    expect(answer.body.toString()).to.equal('ok');
  });

  const OWN: readonly (readonly [name: string, request: string, status: number])[] = [
    ['an unknown route', 'GET / HTTP/1.1\r\nHost: no.test\r\n\r\n', 404],
    ['a health check', 'GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: HTTP-Monitor/1.1\r\n\r\n', 200],
    ['a head over the limit', `GET / HTTP/1.1\r\nHost: app.test\r\nX: ${'x'.repeat(1_000)}\r\n\r\n`, 431],
  ];
  for (const [name, request, status] of OWN) {
    it(`changes the router's own answer to ${name}`, async () => {
      const lane = await stage.start({ settings: { rewrite, maxRequestHeaderBytes: 1_000 } });
      route(lane, 'app.test', [{ port: 1 }]);
      const client = await stage.client(lane);

      const answer = await client.ask(request);

      expect(Number(answer.startLine.split(' ')[1])).to.equal(status);
      expect(answer.headerLines).to.include.members(ADDED);
      expect(answer.header('x-cf-routererror')).to.equal(undefined);
      const { routerError } = await recordOf(lane);
      expect(routerError).to.equal(
        { 404: 'unknown_route', 200: '', 431: 'max-request-size-exceeded' }[status],
      );
    });
  }

  it('changes interim answers', async () => {
    const lane = await stage.start({ settings: { rewrite } });
    const backend = await stage.backend(
      answering(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nServer: x\r\n\r\n${ok()}`),
    );
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);

    const hints = await client.ask(GET);

    expect(hints.head).to.equal(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n${ADDED.join('\r\n')}\r\n\r\n`);
    expect((await client.response()).headerLines).to.include.members(ADDED);
  });

  it('leaves a 101 and what is refused before the handlers alone', async () => {
    const lane = await stage.start({ settings: { rewrite } });
    const backend = await stage.backend(async (connection) => {
      await connection.request();
      connection.write(
        'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\nServer: theirs\r\n\r\n',
      );
    });
    route(lane, 'app.test', [backend]);
    const client = await stage.client(lane);
    const other = await stage.client(lane);

    await client.send('GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    const head = (await client.reader.until('\r\n\r\n')).toString();
    const refused = await other.ask('GET / HTTP/1.1\r\n\r\n');

    expect(head).to.include('\r\nServer: theirs\r\n');
    expect(head).not.to.include('X-Frame-Options');
    expect(refused.startLine).to.equal('HTTP/1.1 400 Bad Request: missing required Host header');
    expect(refused.head).not.to.include('X-Frame-Options');
  });
});

describeLane('html_error_template_file', (stage) => {
  const errorPage = parseTemplate(
    '<h1>{{.Status}} {{.StatusText}}</h1>{{if eq (.Header.Get "X-Cf-RouterError") "unknown_route"}}<p>{{.Message}}</p>{{end}}',
  );

  it('makes pages of answers with a message, to the byte', async () => {
    const lane = await stage.start({ settings: { errorPage } });
    const client = await stage.client(lane);
    const body = '<h1>404 Not Found</h1><p>Requested route (&#39;no.test&#39;) does not exist.</p>';

    const answer = await client.ask('GET / HTTP/1.1\r\nHost: no.test\r\n\r\n');

    expect(answer.head).to.match(
      new RegExp(
        '^HTTP/1\\.1 404 Not Found\r\nCache-Control: no-cache, no-store\r\nContent-Type: text/html; charset=utf-8\r\n' +
          `X-Cf-Routererror: unknown_route\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${body.length}\r\nDate: [^\r]+\r\n\r\n$`,
      ),
    );
    expect(answer.body.toString()).to.equal(body);
    expect((await recordOf(lane)).responseBytes).to.equal(body.length);
    const head = await client.ask('HEAD / HTTP/1.1\r\nHost: no.test\r\n\r\n');
    expect(head.header('content-length')).to.equal(String(body.length));
  });

  it('leaves failures of endpoints and empty bodies plain', async () => {
    const lane = await stage.start({ settings: { errorPage } });
    const silent = await stage.backend(async (connection) => {
      await connection.request();
      connection.socket.end();
    });
    route(lane, 'app.test', [silent]);
    const client = await stage.client(lane);

    const answer = await client.ask('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n\r\n');

    expect(answer.header('content-type')).to.equal('text/plain; charset=utf-8');
    expect(answer.body.toString()).to.equal(
      '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
    );
  });
});
