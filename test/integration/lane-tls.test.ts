import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { expect } from 'chai';
import { deadPort, describeLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const CA = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
const COPY = ['-copy_extensions', 'copy'];

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A CA and certificates under it, made with openssl for this run. */
class Authority {
  readonly #dir = mkdtempSync(join(tmpdir(), 'turnout-tls-'));
  readonly ca: string;

  constructor() {
    this.#run(
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '2',
      '-subj',
      '/CN=Test CA',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    );
    this.ca = this.#read('ca.pem');
  }

  issue(name: string, san: string | undefined): Pair {
    this.#request(name, san);
    this.#run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...CA,
      '-CAcreateserial',
      ...COPY,
      '-days',
      '1',
      '-out',
      `${name}.pem`,
    );
    return this.#pair(name);
  }

  issueExpired(name: string, san: string): Pair {
    this.#request(name, san);
    writeFileSync(join(this.#dir, 'index.txt'), '');
    writeFileSync(
      join(this.#dir, 'ca.cnf'),
      '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n' +
        'policy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied\n',
    );
    const dates = ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'];
    const ca = ['-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key'];
    this.#run('ca', '-batch', '-notext', ...ca, '-in', `${name}.csr`, ...dates, '-out', `${name}.pem`);
    return this.#pair(name);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true });
  }

  #request(name: string, san: string | undefined): void {
    const names = san === undefined ? [] : ['-addext', `subjectAltName=${san}`];
    this.#run(
      'req',
      ...NEW_KEY,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      ...names,
    );
  }

  #pair(name: string): Pair {
    return { cert: this.#read(`${name}.pem`), key: this.#read(`${name}.key`) };
  }

  #run(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#dir, stdio: 'pipe' });
  }

  #read(file: string): string {
    return readFileSync(join(this.#dir, file), 'utf8');
  }
}

describeLane('TLS to endpoints', (stage) => {
  let authority: Authority;
  let named: Pair;
  let byAddress: Pair;
  let nameless: Pair;
  let expired: Pair;
  let stranger: Pair;

  before(() => {
    authority = new Authority();
    named = authority.issue('inst-1', 'DNS:inst-1,DNS:*.wild.test');
    byAddress = authority.issue('address', 'IP:127.0.0.1');
    nameless = authority.issue('inst-2', undefined);
    expired = authority.issueExpired('inst-1x', 'DNS:inst-1');
    const other = new Authority();
    stranger = other.issue('inst-1', 'DNS:inst-1');
    other.remove();
  });
  after(() => authority.remove());

  const serve = (tls: TlsOptions) => stage.backend(answering(ok('secret')), tls);
  const start = () => stage.start({ endpoints: { ca: [authority.ca] } });

  const GOOD: readonly { name: string; pair: () => Pair; san: string; sni: string | false }[] = [
    { name: 'the registered name', pair: () => named, san: 'inst-1', sni: 'inst-1' },
    { name: 'a wildcard', pair: () => named, san: 'a.wild.test', sni: 'a.wild.test' },
    { name: 'the address where no name is registered', pair: () => byAddress, san: '', sni: false },
  ];
  for (const { name, pair, san, sni } of GOOD) {
    it(`is accepted for ${name}, and the connection used again`, async () => {
      const lane = await start();
      const names: (string | false)[] = [];
      const backend = await stage.backend(async (connection) => {
        names.push((connection.socket as unknown as { servername: string | false }).servername);
        await answering(ok('secret'))(connection, 0);
      }, pair());
      route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan: san }]);
      const client = await stage.client(lane);

      for (let i = 0; i < 3; i += 1) expect((await client.ask(GET)).body.toString()).to.equal('secret');

      expect(names).to.deep.equal([sni]);
      expect((await recordOf(lane)).attempts?.tlsMs).to.be.greaterThan(0);
    });
  }

  const BAD: readonly {
    name: string;
    given: () => TlsOptions;
    san?: string;
    status: string;
    body: string;
    error: RegExp;
    verdict?: 'mark' | 'prune';
    counter?: 'backendInvalidId' | 'backendInvalidTlsCert' | 'backendTlsHandshakeFailed' | 'badGateways';
  }[] = [
    {
      name: 'another name',
      given: () => named,
      san: 'inst-9',
      status: '503 Service Unavailable',
      body: '503 Service Unavailable\n',
      error: /x509: certificate is valid for inst-1, \*\.wild\.test, not inst-9/,
      verdict: 'prune',
      counter: 'backendInvalidId',
    },
    {
      name: 'the name as common name alone',
      given: () => nameless,
      san: 'inst-2',
      status: '503 Service Unavailable',
      body: '503 Service Unavailable\n',
      error: /x509: certificate relies on legacy Common Name field, use SANs instead/,
      verdict: 'prune',
      counter: 'backendInvalidId',
    },
    {
      name: 'an unknown authority',
      given: () => stranger,
      status: '526 status code 526',
      body: '526 Invalid SSL Certificate\n',
      error: /x509: certificate signed by unknown authority/,
      verdict: 'prune',
      counter: 'backendInvalidTlsCert',
    },
    {
      name: 'an expired certificate',
      given: () => expired,
      status: '526 status code 526',
      body: '526 Invalid SSL Certificate\n',
      error: /x509: certificate has expired or is not yet valid/,
      verdict: 'prune',
      counter: 'backendInvalidTlsCert',
    },
    {
      name: 'TLS 1.1 at most',
      given: () => ({ ...named, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      status: '502 Bad Gateway',
      body: '502 Bad Gateway: Registered endpoint failed to handle the request.\n',
      error: /remote error: tls: protocol version not supported/,
      counter: 'badGateways',
    },
    {
      name: 'no cipher in common',
      // Its key is for ECDSA.
      given: () => ({ ...named, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }),
      status: '525 status code 525',
      body: '525 SSL Handshake Failed\n',
      error: /remote error: tls: handshake failure/,
      verdict: 'prune',
      counter: 'backendTlsHandshakeFailed',
    },
    {
      name: 'a wish for a client certificate that we have not',
      given: () => ({ ...named, requestCert: true, rejectUnauthorized: true, ca: authority.ca }),
      status: '496 status code 496',
      body: '496 SSL Certificate Required\n',
      error: /remote error: tls: certificate required/,
      verdict: 'prune',
    },
  ];
  for (const { name, given, san = 'inst-1', status, body, error, verdict, counter } of BAD) {
    it(`with ${name} is refused: ${status.slice(0, 3)}, ${verdict ?? 'no'} consequence`, async () => {
      const lane = await start();
      const backend = await serve(given());
      route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan: san }]);
      const client = await stage.client(lane);

      const answer = await client.ask('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello');

      expect(answer.startLine).to.equal(`HTTP/1.1 ${status}`);
      expect(answer.body.toString()).to.equal(body);
      expect(answer.header('x-cf-routererror')).to.match(error);
      expect(lane.reports.map((report) => report.verdict)).to.deep.equal(
        verdict === undefined ? [] : [verdict],
      );
      if (counter !== undefined) expect(lane.counters[counter]).to.equal(1);
      expect(backend.received).not.to.include('hello');
    });
  }

  for (const { name, given, san = 'inst-1', verdict } of BAD) {
    it(`with ${name} costs no request while there is another endpoint`, async () => {
      const lane = await start();
      const failing = await serve(given());
      const good = await serve({ ...named });
      route(lane, 'app.test', [
        { port: failing.port, tls: true, serverCertDomainSan: san },
        { port: good.port, tls: true, serverCertDomainSan: 'inst-1' },
      ]);
      const client = await stage.client(lane);

      expect((await client.ask(GET)).body.toString()).to.equal('secret');
      expect(good.connections).to.have.length(1);
      expect(lane.reports.map((report) => report.verdict)).to.deep.equal(
        verdict === undefined ? [] : [verdict],
      );
      const line = lane.lines.find(({ message }) => message === 'backend-endpoint-failed');
      expect(line?.data).to.include({ attempt: 1, retriable: true });
    });
  }

  it('that is reset during the handshake is a 502 and a mark', async () => {
    const lane = await start();
    const backend = await stage.backend((connection) => {
      connection.socket.once('data', () => connection.socket.resetAndDestroy());
    });
    route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan: 'inst-1' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.startLine).to.equal('HTTP/1.1 502 Bad Gateway');
    expect(answer.header('x-cf-routererror')).to.match(
      /^endpoint_failure \(read tcp .*127\.0\.0\.1:\d+: read: connection reset by peer\)$/,
    );
    expect(lane.reports.map(({ verdict }) => verdict)).to.deep.equal(['mark']);
  });

  it('is proven anew when the registered name changes', async () => {
    const lane = await start();
    const backend = await serve(named);
    const at = (serverCertDomainSan: string) =>
      route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan }]);
    const client = await stage.client(lane);

    at('inst-1');
    expect((await client.ask(GET)).body.toString()).to.equal('secret');
    at('inst-9');
    expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 503 Service Unavailable');
    at('b.wild.test');
    expect((await client.ask(GET)).body.toString()).to.equal('secret');
    // The one in between was refused by us before the backend held it for established.
    expect(backend.connections).to.have.length(2);
  });

  it('presents our client certificate when asked', async () => {
    const pair = authority.issue('router', 'DNS:router');
    const lane = await stage.start({ endpoints: { ca: [authority.ca], ...pair } });
    const backend = await serve({ ...named, requestCert: true, rejectUnauthorized: true, ca: authority.ca });
    route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan: 'inst-1' }]);
    const client = await stage.client(lane);

    expect((await client.ask(GET)).body.toString()).to.equal('secret');
  });

  it('is shaken hands with anew for each connection: no session is used twice', async () => {
    const lane = await stage.start({ endpoints: { ca: [authority.ca], disableKeepAlives: true } });
    const reused: boolean[] = [];
    const backend = await stage.backend(async (connection) => {
      reused.push((connection.socket as TLSSocket).isSessionReused());
      await answering(ok('secret'))(connection, 0);
    }, named);
    route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan: 'inst-1' }]);
    const client = await stage.client(lane);

    for (let i = 0; i < 3; i += 1) expect((await client.ask(GET)).body.toString()).to.equal('secret');

    expect(reused).to.deep.equal([false, false, false]);
  });

  it('keeps to the configured suites where TLS 1.2 is agreed on', async () => {
    const ciphers = 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384';
    const lane = await stage.start({ endpoints: { ca: [authority.ca], ciphers } });
    const client = await stage.client(lane);
    const asked = async (options: object): Promise<string> => {
      const backend = await serve({ ...named, ...options });
      route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan: 'inst-1' }]);
      return (await client.ask(GET)).startLine;
    };

    const of12 = (suite: string) => ({ maxVersion: 'TLSv1.2', ciphers: suite });
    expect(await asked(of12('ECDHE-ECDSA-AES256-GCM-SHA384'))).to.equal('HTTP/1.1 200 OK');
    expect(await asked(of12('ECDHE-ECDSA-AES128-GCM-SHA256'))).to.equal('HTTP/1.1 525 status code 525');
    expect(await asked({})).to.equal('HTTP/1.1 200 OK');
  });

  it('to an endpoint that speaks plain text is a 525', async () => {
    const lane = await start();
    const backend = await stage.backend((connection) => {
      connection.socket.once('data', () => connection.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    route(lane, 'app.test', [{ port: backend.port, tls: true, serverCertDomainSan: 'inst-1' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.startLine).to.equal('HTTP/1.1 525 status code 525');
    expect(answer.header('x-cf-routererror')).to.include(
      'tls: first record does not look like a TLS handshake',
    );
    expect(lane.reports.map(({ verdict }) => verdict)).to.deep.equal(['prune']);
  });

  it('to an endpoint that stays silent is a 502 after the handshake timeout', async () => {
    const lane = await stage.start({ endpoints: { ca: [authority.ca], tlsHandshakeTimeoutMs: 100 } });
    const silent = createTcp(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    stage.closing(() => silent.close());
    const { port } = silent.address() as { port: number };
    route(lane, 'app.test', [{ port, tls: true, serverCertDomainSan: 'inst-1' }]);
    const client = await stage.client(lane);

    const answer = await client.ask(GET);

    expect(answer.header('x-cf-routererror')).to.equal('endpoint_failure (net/http: TLS handshake timeout)');
  });

  it('removes an endpoint where nobody listens, and another serves the request', async () => {
    const lane = await start();
    const backend = await serve(named);
    route(lane, 'app.test', [
      { port: await deadPort(), tls: true, serverCertDomainSan: 'inst-1' },
      { port: backend.port, tls: true, serverCertDomainSan: 'inst-1' },
    ]);
    const client = await stage.client(lane);

    expect((await client.ask(GET)).body.toString()).to.equal('secret');
    expect(lane.reports.map(({ verdict }) => verdict)).to.deep.equal(['prune']);
  });
});
