import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { aFrontTls } from '../support/front-tls-fixture.ts';
import { describeLane, type RunningLane, recordOf, route } from '../support/lane-fixture.ts';
import { announcing, version2 } from '../support/proxy-header-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok, type ScriptedBackend } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const V1 = Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n');
const V1_IPV6 = Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 1111 80\r\n');
const V2_IPV6 = announcing('2001:0db8:0000:0000:0000:0000:0000:0001', 1111);
const LOCAL = version2(0x20, 0, Buffer.alloc(0));

describeLane('the PROXY protocol', (stage) => {
  let pair: KeyPair;
  let lane: RunningLane;
  let backend: ScriptedBackend;

  before(async () => {
    pair = await makeCert({ ca: await makeCa(), cn: 'front', san: ['DNS:app.test'] });
  });

  beforeEach(async () => {
    lane = await stage.start({ tls: aFrontTls([pair]), listeners: { proxyProtocol: true } });
    backend = await stage.backend(answering(ok('hello')));
    route(lane, 'app.test', [backend]);
  });

  /** A client that first sends some bytes as they are, then speaks as it should on that listener. */
  const client = async (listener: 'plain' | 'tls', ...first: Buffer[]): Promise<RawClient> => {
    if (listener === 'plain') {
      const plain = await stage.client(lane);
      for (const bytes of first) await plain.send(bytes);
      return plain;
    }
    const socket = connect({ port: lane.tlsPort, host: '127.0.0.1', noDelay: true });
    stage.closing(() => socket.destroy());
    await once(socket, 'connect');
    for (const bytes of first) socket.write(bytes);
    return RawClient.connectTls(lane.tlsPort, stage.closing, { socket });
  };

  for (const listener of ['plain', 'tls'] as const) {
    for (const [name, header, ip, address] of [
      ['version 1', V1, '1.2.3.4', '1.2.3.4:1111'],
      ['version 1 with IPv6', V1_IPV6, '2001:db8::1', '[2001:db8::1]:1111'],
      ['version 2', announcing('1.2.3.4', 1111), '1.2.3.4', '1.2.3.4:1111'],
      ['version 2 with IPv6', V2_IPV6, '2001:db8::1', '[2001:db8::1]:1111'],
    ] as const) {
      it(`${listener}: ${name} says who the client is`, async () => {
        const asked = await client(listener, header);
        for (let i = 0; i < 2; i += 1) expect((await asked.ask(GET)).body.toString()).to.equal('hello');

        expect(backend.received.match(/\r\nX-Forwarded-For: [^\r]*/g)).to.deep.equal(
          Array(2).fill(`\r\nX-Forwarded-For: ${ip}`),
        );
        expect((await recordOf(lane, 1)).clientAddress).to.equal(address);
        expect(lane.enteringCount()).to.equal(0);
        expect(lane.counters.connectionsOpened).to.equal(1);
      });
    }

    it(`${listener}: it is optional, and a proxy may speak for itself`, async () => {
      for (const first of [[], [LOCAL]]) {
        const asked = await client(listener, ...first);
        expect((await asked.ask(GET)).body.toString()).to.equal('hello');
      }
      expect(backend.received.match(/\r\nX-Forwarded-For: 127\.0\.0\.1\r\n/g)).to.have.length(2);
    });

    it(`${listener}: it may come in any pieces`, async () => {
      for (const header of [V1, V2_IPV6]) {
        const asked = await client(listener, ...Array.from(header, (byte) => Buffer.from([byte])));
        expect((await asked.ask(GET)).body.toString()).to.equal('hello');
      }
      expect(backend.received).to.contain('X-Forwarded-For: 1.2.3.4\r\n');
      expect(backend.received).to.contain('X-Forwarded-For: 2001:db8::1\r\n');
    });

    it(`${listener}: what is invalid is closed without an answer`, async () => {
      const port = listener === 'plain' ? lane.port : lane.tlsPort;
      for (const bytes of ['PROXY UNKNOWN\r\n', 'PROXY TCP4 1.2.3.4 5.6.7.8 x 80\r\n']) {
        const asked = await RawClient.connect(port, stage.closing);
        await asked.send(bytes + GET);
        await until(() => asked.reader.closed, 'the end of the connection');
        expect(asked.reader.text).to.equal('');
      }
      expect(lane.records).to.deep.equal([]);
      expect(lane.lines.find(({ message }) => message === 'proxy-header-error')?.data.error).to.equal(
        'invalid PROXY header: not PROXY, TCP4 or TCP6, two addresses and two ports',
      );
    });
  }

  it('is not waited for long, and what comes later is no header', async () => {
    const asked = await client('plain');
    await until(() => lane.enteringCount() === 1, 'the connection');
    await until(() => lane.enteringCount() === 0, 'the end of the wait');
    expect((await asked.ask(GET)).body.toString()).to.equal('hello');
    expect((await asked.ask(V1)).startLine).to.equal('HTTP/1.1 400 Bad Request');
  });

  it('comes in one piece with requests, a body and an upgrade', async () => {
    backend.script = async (connection) => {
      for (;;) {
        const { startLine, body, header } = await connection.request();
        if (header('upgrade') === 'echo') {
          connection.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
          );
          connection.socket.on('data', (bytes) => connection.write(bytes));
          return;
        }
        connection.write(ok(`${startLine.slice(0, 4)}${body}`));
      }
    };
    const post = 'POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello';
    const asked = await client('plain', Buffer.concat([V1, Buffer.from(GET + post)]));
    expect((await asked.response()).body.toString()).to.equal('GET ');
    expect((await asked.response()).body.toString()).to.equal('POSThello');
    await asked.send(UPGRADE);
    expect((await asked.response('response-to-head')).startLine).to.contain(' 101 ');
    await asked.send('echo');
    await until(() => asked.reader.text.endsWith('echo'), 'the echo');
    asked.close();
    expect((await recordOf(lane, 2)).clientAddress).to.equal('1.2.3.4:1111');
  });

  it('decides what is taken for a host that is only an address', async () => {
    const asked = await client('plain', V1);
    const answer = await asked.ask('GET / HTTP/1.1\r\nHost: 1.2.3.4\r\n\r\n');
    expect(answer.header('x-cf-routererror')).to.equal('empty_host');
    const other = await client('plain', V1);
    const unknown = await other.ask('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    expect(unknown.header('x-cf-routererror')).to.equal('unknown_route');
  });

  it('is no header when it is switched off', async () => {
    const off = await stage.start();
    const asked = await RawClient.connect(off.port, stage.closing);
    expect((await asked.ask(Buffer.concat([V1, Buffer.from(GET)]))).startLine).to.match(/ 400 /);
  });

  it('clients at the door are cut when the router stops', async () => {
    const silent = await RawClient.connect(lane.tlsPort, stage.closing);
    await silent.send('PROXY TCP4 ');
    await until(() => lane.enteringCount() === 1, 'the connection');
    lane.stop();
    await until(() => silent.reader.closed, 'the end of the connection');
    expect(lane.enteringCount()).to.equal(0);
  });
});
