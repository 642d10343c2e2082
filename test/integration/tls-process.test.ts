import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const VALID = { subject: 'CN=one' };

describe('a router with TLS', () => {
  const closing = closingAfterEach();
  let ca: KeyPair;
  let one: KeyPair;
  let two: KeyPair;

  before(async () => {
    ca = await makeCa();
    one = await makeCert({ ca, cn: 'one', san: ['DNS:app.test'] });
    two = await makeCert({ ca, cn: 'two', san: ['DNS:app.test'] });
  });

  const config = ({ cert, key }: KeyPair, more = ''): string =>
    [
      'nats: {embedded: {port: 0}}',
      'enable_ssl: true',
      'ssl_port: 0',
      'cipher_suites: ECDHE-RSA-AES128-GCM-SHA256',
      'max_tls_version: TLSv1.3',
      'client_cert_validation: none',
      `tls_pem: [{cert_chain: ${JSON.stringify(cert)}, private_key: ${JSON.stringify(key)}}]`,
      more,
      '',
    ].join('\n');

  async function connected(router: RouterProcess, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connectTls({
      port: router.tlsPort,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      servername: 'app.test',
      ...options,
    });
    closing(() => socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  async function ask(socket: TLSSocket): Promise<string> {
    socket.write(GET);
    return String((await once(socket, 'data'))[0]);
  }

  const nameShown = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN;

  it('may listen with TLS alone', async () => {
    const router = await RouterProcess.start(closing, config(one, 'disable_http: true'));
    expect(await ask(await connected(router))).to.match(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(router.last('tcp-listener-disabled')).to.not.equal(undefined);
    expect(router.port).to.equal(0);
    expect(await router.health()).to.equal(200);
    expect(await router.stop()).to.equal(0);
  });

  it('says which listener could not be opened', async () => {
    const first = await RouterProcess.start(closing, config(one));
    const port = `ssl_port: ${first.tlsPort}`;
    const second = await RouterProcess.make(
      closing,
      config(one, port).replace('ssl_port: 0\n', '').concat('workers: {count: 1, listener: shared}\n'),
    );
    await second.spawn();
    expect((await second.said('tls-listener-error')).data.error).to.equal(
      `listen tcp :${first.tlsPort}: bind: address already in use`,
    );
    expect(await second.ended()).to.equal(1);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`resumes a session in every worker, before and after its tickets' keys change, ${version}`, async () => {
      const router = await RouterProcess.start(closing, config(one));
      const first = await connected(router, { maxVersion: version });
      let session: Buffer | undefined;
      first.on('session', (bytes) => {
        session = bytes;
      });
      await ask(first);
      const saved = session ?? first.getSession()!;
      // The kernel chooses the worker: not all of these are served by the one that made the ticket.
      const resumedByAll = async (): Promise<void> => {
        for (let i = 0; i < 16; i += 1) {
          const socket = await connected(router, { maxVersion: version, session: saved });
          expect(socket.isSessionReused()).to.equal(true);
          expect(await ask(socket)).to.match(/^HTTP\/1\.1 404 /);
        }
      };
      await resumedByAll();
      await router.reconfigure(config(two));
      router.signal('SIGHUP');
      await renewedEverywhere(router, 'two');
      await resumedByAll();
    });
  }

  it('takes other certificates on SIGHUP, in workers that start later too, and keeps connections', async () => {
    const router = await RouterProcess.start(closing, config(one));
    const kept = await Promise.all(Array.from({ length: 8 }, () => connected(router)));
    for (const socket of kept) expect(await ask(socket)).to.match(/^HTTP\/1\.1 404 /);

    await router.reconfigure(config(two, 'endpoint_timeout: 5s'));
    router.signal('SIGHUP');
    const { data } = await router.said('certificates-reloaded');
    expect(data.certificates).to.have.length(1);
    expect((data.certificates as (typeof VALID)[])[0]).to.include({ subject: 'CN=two' });
    expect((await router.said('reload-needs-restart')).data.keys).to.include('endpoint_timeout');
    await renewedEverywhere(router, 'two');
    for (const socket of kept) {
      expect(nameShown(socket)).to.equal('one');
      expect(await ask(socket)).to.match(/^HTTP\/1\.1 404 /);
    }

    const [worker] = await router.status('/workers');
    process.kill(worker!.pid, 'SIGKILL');
    await until(async () => {
      const workers = await router.status('/workers');
      return (
        workers.length === 2 &&
        workers.every(({ pid, state }) => pid !== worker!.pid && state === 'listening')
      );
    }, 'the next worker');
    await renewedEverywhere(router, 'two');
  });

  it('keeps its certificates when the file is broken, and says so', async () => {
    const router = await RouterProcess.start(closing, config(one));
    for (const [broken, error] of [
      [
        config({ cert: one.cert, key: two.key }),
        'Error loading key pair: tls: private key does not match public key',
      ],
      ['port: [', /^yaml: /],
    ] as const) {
      router.lines.length = 0;
      await router.reconfigure(broken);
      router.signal('SIGHUP');
      const line = await router.said('certificates-not-reloaded');
      expect(line.log_level).to.equal(3);
      if (typeof error === 'string') expect(line.data.error).to.equal(error);
      else expect(line.data.error).to.match(error);
      await renewedEverywhere(router, 'one');
    }
    await router.reconfigure(config(two));
    router.signal('SIGHUP');
    await router.said('certificates-reloaded');
    await renewedEverywhere(router, 'two');
  });

  it('may be told to renew at any moment of its start', async () => {
    const router = await RouterProcess.make(closing, config(one));
    await router.launch();
    await router.reconfigure(config(two));
    const started = router.said('gorouter.started');
    let done = false;
    void started.finally(() => {
      done = true;
    });
    while (!done) {
      router.signal('SIGHUP');
      await pause(1);
    }
    await started;
    expect(router.last('worker-died')).to.equal(undefined);
    expect((await router.status('/workers')).map(({ state }) => state)).to.deep.equal([
      'listening',
      'listening',
    ]);
  });

  it('ends connections that are idle, or in a handshake, when it stops', async () => {
    const router = await RouterProcess.start(closing, config(one));
    const idle = await connected(router);
    await ask(idle);
    const entering = connect(router.tlsPort, '127.0.0.1');
    closing(() => entering.destroy());
    await once(entering, 'connect');
    const ended = [idle, entering].map((socket) => once(socket.resume(), 'close'));
    expect(await router.stop()).to.equal(0);
    await Promise.all(ended);
  });

  it('does not look at what clients offer when HTTP/2 is switched off', async () => {
    const router = await RouterProcess.start(closing, config(one, 'enable_http2: false'));
    for (const ALPNProtocols of [['foo'], ['h2'], ['h2', 'http/1.1']]) {
      const socket = await connected(router, { ALPNProtocols });
      expect(socket.alpnProtocol).to.equal(false);
      expect(await ask(socket)).to.match(/^HTTP\/1\.1 404 /);
    }
  });

  it('reads announced addresses on both listeners', async () => {
    const router = await RouterProcess.start(closing, config(one, 'enable_proxy: true'));
    const announced = 'PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n';
    const plain = connect(router.port, '127.0.0.1');
    closing(() => plain.destroy());
    plain.write(announced + GET.replace('app.test', '1.2.3.4'));
    expect(String((await once(plain, 'data'))[0])).to.contain('empty_host');
    const raw = connect(router.tlsPort, '127.0.0.1');
    closing(() => raw.destroy());
    raw.write(announced);
    const secure = await connected(router, { socket: raw });
    secure.write(GET.replace('app.test', '1.2.3.4'));
    expect(String((await once(secure, 'data'))[0])).to.contain('empty_host');
  });

  /** Resolves when new connections, whichever worker gets them, are shown that certificate. */
  async function renewedEverywhere(router: RouterProcess, name: string): Promise<void> {
    await until(async () => {
      const names = new Set<unknown>();
      for (let i = 0; i < 12; i += 1) {
        const socket = await connected(router);
        names.add(nameShown(socket));
        socket.destroy();
      }
      return names.size === 1 && names.has(name);
    }, `the certificate of ${name}`);
  }
});
