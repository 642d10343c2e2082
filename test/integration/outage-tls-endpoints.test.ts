import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterAll, closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import type { KeptConnection } from '../support/kept-connection.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { RouterProcess } from '../support/router-process.ts';
import { StrictServer } from '../support/strict-server.ts';
import { TlsBackend } from '../support/tls-backend.ts';
import { Traffic } from '../support/traffic.ts';
import { until } from '../support/until.ts';
import { connectionsToEachWorker } from '../support/worker-connections.ts';

const VERIFY = 'tls: failed to verify certificate: x509: ';

describe('a TLS endpoint', () => {
  const closing = closingAfterAll();
  const closingEach = closingAfterEach();
  let router: RouterProcess;
  let emitter: RouteEmitter;
  let first: KeptConnection;
  /** To the same worker as the first. */
  let again: KeptConnection;
  let second: KeptConnection;
  let ca: KeyPair;
  let good: KeyPair;
  let wrong: Readonly<Record<string, KeyPair>>;

  before(async () => {
    ca = await makeCa();
    const stranger = await makeCa('stranger');
    good = await makeCert({ ca, cn: 'x', san: ['DNS:id-1.test', 'DNS:*.wild.test', 'IP:127.0.0.1'] });
    wrong = {
      name: await makeCert({ ca, cn: 'id-1.test', san: ['DNS:other.test'] }),
      commonNameOnly: await makeCert({ ca, cn: 'id-1.test' }),
      expired: await makeCert({ ca, cn: 'x', san: ['DNS:id-1.test'], days: -1 }),
      stranger: await makeCert({ ca: stranger, cn: 'x', san: ['DNS:id-1.test'] }),
    };
    const client = await makeCert({ ca, cn: 'router-1', client: true });
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}
ca_certs: ${JSON.stringify([ca.cert])}
backends: ${JSON.stringify({ cert_chain: client.cert, private_key: client.key, max_attempts: 2 })}
tls_handshake_timeout: 3s`,
    );
    emitter = await RouteEmitter.start(closing, nats.port, router);
    const connections = (await connectionsToEachWorker(closing, router, 2)).flat();
    [first, again, second] = connections as [KeptConnection, KeptConnection, KeptConnection];
  });

  async function announced(uri: string, tlsPort: number, san = 'id-1.test'): Promise<void> {
    emitter.register({ uris: [uri], port: 1, tls_port: tlsPort, server_cert_domain_san: san });
    await emitter.settled();
  }

  it('keeps its connections, however many requests are under way', async () => {
    const CLIENTS = 32;
    const backend = await TlsBackend.start(closingEach, 'good', good);
    await announced('kept.test', backend.port);

    const traffic = Traffic.start(closingEach, {
      port: router.port,
      host: 'kept.test',
      fresh: 0,
      kept: CLIENTS,
    });
    await until(() => traffic.answered >= 100 * CLIENTS || traffic.failures.length > 0, 'answers');
    await traffic.stop();

    expect(traffic.failures).to.deep.equal([]);
    expect(backend.connections).to.be.at.most(CLIENTS);
  });

  for (const [name, san, serverName] of [
    ['its name', 'id-1.test', 'id-1.test'],
    ['a wildcard of its certificate', 'any.wild.test', 'any.wild.test'],
    ['its address, when it has no name', '', false],
  ] as const) {
    it(`is asked when its certificate proves ${name}`, async () => {
      const backend = await TlsBackend.start(closingEach, 'good', good);
      await announced('proven.test', backend.port, san);
      for (const connection of [first, second]) {
        expect(await connection.get('proven.test')).to.include({ status: 200, body: 'good' });
      }
      expect(backend.serverName).to.equal(serverName);
      emitter.unregister({ uris: ['proven.test'], port: 1, tls_port: backend.port });
    });
  }

  it('gets the client certificate that it wants', async () => {
    const backend = await TlsBackend.start(closingEach, 'mutual', {
      ...good,
      ca: ca.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    await announced('mutual.test', backend.port);
    expect((await first.get('mutual.test')).body).to.equal('mutual, asked by router-1');
    // A server that trusts others only, and says so (node's own just hangs up).
    const strict = await StrictServer.start(closingEach, good, (await makeCa('other')).cert);
    await announced('strict.test', strict.port);
    const refused = await first.get('strict.test');
    expect(refused).to.include({ status: 496, body: '496 SSL Certificate Required\n' });
    expect(refused.headers['x-cf-routererror']).to.equal(
      'endpoint_failure (remote error: tls: unknown certificate authority)',
    );
    await router.said('prune-failed-endpoint', ({ data }) => String(data.error).includes('remote error'));
  });

  const CASES: readonly { name: string; pair: string; status: number; body: string; error: string }[] = [
    {
      name: 'its certificate is for another name',
      pair: 'name',
      status: 503,
      body: '503 Service Unavailable\n',
      error: `${VERIFY}certificate is valid for other.test, not id-1.test`,
    },
    {
      name: 'its certificate has a common name alone',
      pair: 'commonNameOnly',
      status: 503,
      body: '503 Service Unavailable\n',
      error: `${VERIFY}certificate relies on legacy Common Name field, use SANs instead`,
    },
    {
      name: 'its certificate has expired',
      pair: 'expired',
      status: 526,
      body: '526 Invalid SSL Certificate\n',
      error: `${VERIFY}certificate has expired or is not yet valid`,
    },
    {
      name: 'nobody knows who signed its certificate',
      pair: 'stranger',
      status: 526,
      body: '526 Invalid SSL Certificate\n',
      error: `${VERIFY}certificate signed by unknown authority`,
    },
  ];

  for (const { name, pair, status, body, error } of CASES) {
    it(`leaves the route in every worker, until it registers again, when ${name}`, async () => {
      const uri = `${pair.toLowerCase()}.test`;
      const backend = await TlsBackend.start(closingEach, 'good', wrong[pair] as KeyPair);
      await announced(uri, backend.port);
      const answer = await first.get(uri);
      expect(answer).to.include({ status, body });
      expect(answer.headers['x-cf-routererror']).to.contain(`endpoint_failure (${error}`);
      await router.said(
        'prune-failed-endpoint',
        ({ data }) =>
          (data['route-endpoint'] as { Addr: string }).Addr === `127.0.0.1:${backend.port}` &&
          String(data.error).startsWith(error),
      );
      await emitter.settled();
      const connections = backend.connections;
      for (const connection of [first, second]) expect((await connection.get(uri)).status).to.equal(404);
      expect(backend.connections).to.equal(connections);
      expect(backend.requests).to.equal(0);
      backend.present(good);
      await announced(uri, backend.port);
      for (const connection of [first, second]) expect((await connection.get(uri)).body).to.equal('good');
    });
  }

  it('is answered for with 525 when it speaks no TLS', async () => {
    const backend = await HttpBackend.start(closingEach, 'plain');
    await announced('plain.test', backend.port);
    const answer = await second.get('plain.test');
    expect(answer).to.include({ status: 525, body: '525 SSL Handshake Failed\n' });
    expect(answer.headers['x-cf-routererror']).to.equal(
      'endpoint_failure (tls: first record does not look like a TLS handshake)',
    );
    expect(backend.requests).to.equal(0);
    await until(
      async () => (await first.get('plain.test')).status === 404,
      'its removal in the other worker',
    );
  });

  it('costs no request when another endpoint is proven', async () => {
    const bad = await TlsBackend.start(closingEach, 'bad', wrong.name as KeyPair);
    const fine = await TlsBackend.start(closingEach, 'fine', good);
    await announced('pair.test', bad.port);
    await announced('pair.test', fine.port);
    for (const connection of [first, second, first, second]) {
      expect(await connection.get('pair.test')).to.include({ status: 200, body: 'fine' });
    }
    expect((await router.status('/routes'))['pair.test']).to.have.lengthOf(1);
  });

  it('stays when it registered with the right name on the same address before it was asked', async () => {
    const backend = await TlsBackend.start(closingEach, 'good', good);
    await announced('moved.test', backend.port, 'id-0.test');
    await announced('moved.test', backend.port, 'id-1.test');
    expect((await first.get('moved.test')).body).to.equal('good');
  });

  it('is used at once when it is back, though a late request failed at it after its removal', async () => {
    // Takes connections and says nothing, until a backend takes its port.
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    });
    closingEach(() => silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const other = await TlsBackend.start(closingEach, 'other', good);
    await announced('late.test', other.port);
    const endpoint = { uris: ['late.test'], port: 1, tls_port: port, private_instance_id: 'silent' };
    emitter.register({ ...endpoint, server_cert_domain_san: 'id-1.test' });
    await emitter.settled();
    const cookie = 'JSESSIONID=x; __VCAP_ID__=silent';
    const early = first.get('late.test', '/', { cookie });
    await until(() => sockets.size === 1, 'the first attempt');
    await pause(500); // so that the second attempt outlives the first one's verdict, and not by chance alone
    const late = again.get('late.test', '/', { cookie });
    expect((await early).body).to.equal('other');
    await router.said('prune-failed-endpoint', ({ data }) =>
      String(data.error).includes('handshake timeout'),
    );
    expect((await late).body).to.equal('other');
    for (const socket of sockets) socket.destroy();
    silent.close();
    await once(silent, 'close');
    const back = await TlsBackend.start(closingEach, 'back', good, port);
    emitter.register({ ...endpoint, server_cert_domain_san: 'id-1.test' });
    await emitter.settled();
    expect(back.port).to.equal(port);
    const answers = new Set<string>();
    for (let i = 0; i < 6; i += 1) answers.add((await first.get('late.test')).body);
    expect([...answers].sort()).to.deep.equal(['back', 'other']);
  });
});
