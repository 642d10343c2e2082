import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { aFrontTls } from '../support/front-tls-fixture.ts';
import { describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n';
const HTTP_ANSWER = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

describeLane('clients over TLS', (stage) => {
  let pair: KeyPair;

  before(async () => {
    pair = await makeCert({ ca: await makeCa(), cn: 'front', san: ['DNS:app.test'] });
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are served in ${version}, and the endpoint is told https`, async () => {
      const lane = await stage.start({ tls: aFrontTls([pair]) });
      const backend = await stage.backend(answering(ok('hello')));
      route(lane, 'app.test', [backend]);
      const client = await RawClient.connectTls(lane.tlsPort, stage.closing, { maxVersion: version });
      expect((client.socket as TLSSocket).getProtocol()).to.equal(version);

      for (let i = 0; i < 3; i += 1) {
        expect((await client.ask(GET)).body.toString()).to.equal('hello');
      }

      expect(backend.received.match(/\r\nX-Forwarded-Proto: https\r\n/g)).to.have.length(3);
      expect(backend.received.match(/\r\nX-Forwarded-For: 127\.0\.0\.1\r\n/g)).to.have.length(3);
      expect((await recordOf(lane)).clientAddress).to.equal(`127.0.0.1:${client.socket.localPort}`);
      expect(lane.counters.connectionsOpened).to.equal(1);
      expect(lane.figures().openConnections).to.equal(1);
      client.close();
      await until(() => lane.figures().openConnections === 0, 'the end of the connection');
    });
  }

  it('may send a head in pieces, a body and an upgrade on one connection', async () => {
    const lane = await stage.start({ tls: aFrontTls([pair]) });
    const backend = await stage.backend(async (connection) => {
      for (;;) {
        const { startLine, body } = await connection.request();
        if (startLine.includes('/switch')) {
          connection.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
          );
          connection.socket.on('data', (bytes) => connection.write(bytes));
          return;
        }
        connection.write(ok(body.toString()));
      }
    });
    route(lane, 'app.test', [backend]);
    const client = await RawClient.connectTls(lane.tlsPort, stage.closing);

    await client.send('POST / HTTP/1.1\r\nHost: app.test\r\nContent-');
    await client.send('Length: 100000\r\n\r\n');
    expect((await client.ask('x'.repeat(100_000))).body).to.have.length(100_000);
    await client.send(
      'GET /switch HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
    );
    expect((await client.response('response-to-head')).startLine).to.contain(' 101 ');
    await client.send('through the tunnel');
    await until(() => client.reader.text.endsWith('through the tunnel'), 'the echo');
  });

  it('agree on http/1.1, or on nothing', async () => {
    const lane = await stage.start({ tls: aFrontTls([pair]) });
    route(lane, 'app.test', [await stage.backend(answering(ok('hello')))]);
    const agreed = async (protocols: string[] | undefined): Promise<unknown> => {
      const options = protocols === undefined ? {} : { ALPNProtocols: protocols };
      const client = await RawClient.connectTls(lane.tlsPort, stage.closing, options);
      expect((await client.ask(GET)).body.toString()).to.equal('hello');
      return (client.socket as TLSSocket).alpnProtocol;
    };

    expect(await agreed(['foo', 'http/1.1'])).to.equal('http/1.1');
    expect(await agreed(undefined)).to.equal(false);
    const foreign = await RawClient.connectTls(lane.tlsPort, stage.closing, { ALPNProtocols: ['foo'] }).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(foreign).to.equal('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  it('speak HTTP/2 when they ask for it', async () => {
    const lane = await stage.start({ tls: aFrontTls([pair]) });
    const backend = await stage.backend(answering(ok('hello')));
    route(lane, 'app.test', [backend]);
    const session = connectHttp2(`https://127.0.0.1:${lane.tlsPort}`, { rejectUnauthorized: false });
    stage.closing(() => session.destroy());

    const stream = session.request({ ':path': '/a', ':authority': 'app.test' });
    const [headers] = await once(stream, 'response');
    expect(headers).to.include({ ':status': 200 });
    expect(await text(stream)).to.equal('hello');

    expect(session.alpnProtocol).to.equal('h2');
    expect(backend.received).to.match(/\r\nX-Forwarded-Proto: https\r\n/);
    const record = await recordOf(lane);
    expect(record).to.include({
      protocol: 'HTTP/2.0',
      clientAddress: `127.0.0.1:${session.socket.localPort}`,
    });
  });

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE']) {
    it(`who speak plain HTTP (${method}) are told so, and closed`, async () => {
      const lane = await stage.start({ tls: aFrontTls([pair]) });
      const client = await RawClient.connect(lane.tlsPort, stage.closing);

      await client.send(`${method} / HTTP/1.1\r\nHost: app.test\r\n\r\n`);

      await until(() => client.reader.closed, 'the end of the connection');
      expect(client.reader.text).to.equal(HTTP_ANSWER);
      expect(lane.records).to.deep.equal([]);
      expect(lane.figures().openConnections).to.equal(0);
      expect(lane.lines.filter(({ message }) => message === 'tls-handshake-error')).to.have.length(1);
    });
  }

  it('that never finish a handshake are closed', async () => {
    const lane = await stage.start({ tls: aFrontTls([pair]), listeners: { handshakeTimeoutMs: 50 } });
    const silent = await RawClient.connect(lane.tlsPort, stage.closing);
    const { localPort } = silent.socket;
    const slow = await RawClient.connect(lane.tlsPort, stage.closing);
    await slow.send(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));

    await until(() => silent.reader.closed && slow.reader.closed, 'the end of both');

    expect(lane.lines[0]).to.deep.include({
      level: 'info',
      message: 'tls-handshake-error',
      data: {
        client: `127.0.0.1:${localPort}`,
        error: 'no TLS handshake within 50 ms',
      },
    });
  });

  it('in the middle of a handshake may finish it, and one request, during a drain', async () => {
    const lane = await stage.start({ tls: aFrontTls([pair]) });
    route(lane, 'app.test', [await stage.backend(answering(ok('hello')))]);
    const socket = connect(lane.tlsPort, '127.0.0.1');
    await until(() => lane.enteringCount() === 1, 'the connection');

    const drained = lane.drain();
    const client = await RawClient.connectTls(lane.tlsPort, stage.closing, { socket });
    const answer = await client.ask(GET);

    expect(answer.header('connection')).to.equal('close');
    await drained;
  });
});
