import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { MetadataRule } from '../../lib/tls/client-metadata.ts';
import type { Subject } from '../../lib/tls/subject.ts';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { aFrontTls } from '../support/front-tls-fixture.ts';
import { type RunningLane, startFastLane } from '../support/lane-fixture.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';

describe('the TLS listener', () => {
  const closing = closingAfterEach();
  let ca: KeyPair;
  let pair: KeyPair;

  before(async () => {
    ca = await makeCa('ca');
    pair = await makeCert({ ca, cn: 'front', san: ['DNS:app.test'] });
  });

  async function start(
    tls: Parameters<typeof aFrontTls>[1] = {},
    certificates = [pair],
  ): Promise<RunningLane> {
    const lane = await startFastLane({ tls: aFrontTls(certificates, tls) });
    closing(() => lane.stop());
    return lane;
  }

  /** A connection after its handshake. Rejects when that fails. */
  async function connected(lane: RunningLane, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connect({
      port: lane.tlsPort,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...options,
    });
    closing(() => socket.destroy());
    await once(socket, 'secureConnect');
    socket.on('error', () => {}); // a client that is not let in is reset: `close` follows
    return socket;
  }

  it('does not renegotiate', async () => {
    const socket = await connected(await start(), { maxVersion: 'TLSv1.2' });
    // Told no by a warning alert, OpenSSL gives up as a client.
    const refused = once(socket, 'error').then(([error]) => String(error));
    const renegotiated = new Promise((resolve) => {
      socket.renegotiate({ rejectUnauthorized: false }, () => resolve('renegotiated'));
    });
    socket.resume().write(GET);
    expect(await Promise.race([refused, renegotiated])).to.include('no renegotiation');
  });

  it('does not compare the server name with Host', async () => {
    const socket = await connected(await start(), { servername: 'other.test' });
    socket.write(GET);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).to.include("Requested route ('app.test') does not exist.");
  });

  describe('with several certificates', () => {
    it('chooses by the server name', async () => {
      const names: Record<string, string[] | undefined> = {
        first: ['DNS:first.test'],
        exact: ['DNS:a.wild.test'],
        wild: ['DNS:*.wild.test'],
        'cn.test': undefined,
        'ignored.test': ['DNS:other.test'],
        twice1: ['DNS:twice.test'],
        twice2: ['DNS:TWICE.test'],
      };
      const pairs: KeyPair[] = [];
      for (const [cn, san] of Object.entries(names))
        pairs.push(await makeCert({ ca, cn, ...(san ? { san } : {}) }));
      const lane = await start({}, pairs);
      const nameShown = async (servername: string | undefined): Promise<string | undefined> => {
        const socket = await connected(lane, servername === undefined ? {} : { servername });
        const { CN } = socket.getPeerCertificate().subject;
        socket.destroy();
        return CN as string;
      };
      expect(await nameShown('a.wild.test')).to.equal('exact');
      expect(await nameShown('A.Wild.Test')).to.equal('exact');
      expect(await nameShown('b.wild.test')).to.equal('wild');
      expect(await nameShown('a.b.wild.test')).to.equal('first');
      expect(await nameShown('wild.test')).to.equal('first');
      expect(await nameShown('cn.test')).to.equal('cn.test');
      expect(await nameShown('ignored.test')).to.equal('first');
      expect(await nameShown('twice.test')).to.equal('twice2');
      expect(await nameShown('unknown.test')).to.equal('first');
      expect(await nameShown(undefined)).to.equal('first');
    });
  });

  describe('agrees on', () => {
    it('versions within its bounds', async () => {
      const lane = await start({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
      expect((await connected(lane)).getProtocol()).to.equal('TLSv1.2');
      expect(await connected(lane, { minVersion: 'TLSv1.3' }).catch(() => 'refused')).to.equal('refused');
      const legacy = await start({
        minVersion: 'TLSv1',
        ciphers: 'ECDHE-RSA-AES128-SHA:@SECLEVEL=0',
        maxVersion: 'TLSv1.2',
      });
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
      expect((await connected(legacy, old)).getProtocol()).to.equal('TLSv1');
      expect(await connected(lane, old).catch(() => 'refused')).to.equal('refused');
    });

    it('its own first choice of the suites for TLS 1.2', async () => {
      const lane = await start({
        maxVersion: 'TLSv1.2',
        ciphers: 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256',
      });
      const asked = async (ciphers: string): Promise<unknown> =>
        (await connected(lane, { ciphers })).getCipher().name;
      const both = 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384';
      expect(await asked(both)).to.equal('ECDHE-RSA-AES256-GCM-SHA384');
      expect(await asked('ECDHE-RSA-AES128-GCM-SHA256')).to.equal('ECDHE-RSA-AES128-GCM-SHA256');
      expect(await asked('ECDHE-RSA-AES128-SHA').catch(() => 'refused')).to.equal('refused');
    });
  });

  describe('with session tickets', () => {
    const key = (): string => randomBytes(48).toString('base64');

    /** A session that can be resumed, of a connection that has done its work. */
    async function session(lane: RunningLane, options: ConnectionOptions): Promise<Buffer> {
      const socket = await connected(lane, options);
      let saved: Buffer | undefined;
      socket.on('session', (bytes) => {
        saved = bytes;
      });
      socket.write(GET);
      socket.resume();
      await once(socket, 'data');
      const found = saved ?? socket.getSession();
      socket.destroy();
      return found!;
    }

    async function resumes(lane: RunningLane, saved: Buffer, options: ConnectionOptions): Promise<boolean> {
      const socket = await connected(lane, { ...options, session: saved });
      return socket.isSessionReused();
    }

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`resumes at any listener with the same keys, ${version}`, async () => {
        const options = { maxVersion: version, servername: 'app.test' };
        const [one, two, other] = [await start(), await start(), await start()];
        const keys = [key(), key()];
        one.front.useTicketKeys(keys);
        two.front.useTicketKeys(keys);
        other.front.useTicketKeys([key()]);
        const saved = await session(one, options);
        expect(await resumes(one, saved, options), 'where it was made').to.equal(true);
        expect(await resumes(two, saved, options), 'with the same keys').to.equal(true);
        expect(await resumes(other, saved, options), 'with other keys').to.equal(false);
      });

      it(`resumes for as long as the key is kept, and under the newest from then on, ${version}`, async () => {
        const options = { maxVersion: version, servername: 'app.test' };
        const lane = await start();
        const [oldest, older, newest] = [key(), key(), key()];
        lane.front.useTicketKeys([oldest]);
        const saved = await session(lane, options);
        lane.front.useTicketKeys([older, oldest]);
        expect(await resumes(lane, saved, options)).to.equal(true);
        lane.front.useTicketKeys([newest, older]);
        expect(await resumes(lane, saved, options)).to.equal(false);
        const fresh = await session(lane, options);
        lane.front.useTicketKeys([newest]);
        expect(await resumes(lane, fresh, options)).to.equal(true);
      });

      it(`resumes over other certificates, and not under other rules for clients, ${version}`, async () => {
        const options = { maxVersion: version, servername: 'app.test' };
        const lane = await start();
        lane.front.useTicketKeys([key()]);
        const saved = await session(lane, options);
        lane.front.renew(aFrontTls([await makeCert({ ca, cn: 'new', san: ['DNS:app.test'] })]));
        expect(await resumes(lane, saved, options)).to.equal(true);
        lane.front.renew(aFrontTls([pair], { clientCertificates: 'request', clientCas: [ca.cert] }));
        expect(await resumes(lane, saved, options)).to.equal(false);
      });
    }

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`gives no ticket to a client whose certificate is refused, ${version}`, async () => {
        const stranger = await makeCert({ ca: await makeCa('stranger'), cn: 'client', client: true });
        const lane = await start({ clientCertificates: 'request', clientCas: [ca.cert] });
        lane.front.useTicketKeys([key()]);
        let saved: Buffer | undefined;
        const options = { maxVersion: version, servername: 'app.test' };
        const refused = connect({
          port: lane.tlsPort,
          host: '127.0.0.1',
          ...options,
          ...stranger,
          rejectUnauthorized: false,
        });
        refused.on('session', (session) => {
          saved = session;
        });
        refused.on('error', () => {}); // it is reset
        refused.resume();
        await new Promise((resolve) => refused.once('close', resolve));
        expect(saved).to.equal(undefined);
      });
    }

    it('remembers a client certificate', async () => {
      const client = await makeCert({ ca, cn: 'client', client: true });
      const lane = await start({ clientCertificates: 'require', clientCas: [ca.cert] });
      lane.front.useTicketKeys([key()]);
      const saved = await session(lane, client);
      // Without the certificate: it is in the ticket.
      const socket = await connected(lane, { session: saved });
      expect(socket.isSessionReused()).to.equal(true);
      socket.write(GET);
      const [bytes] = await once(socket, 'data');
      expect(String(bytes)).to.match(/^HTTP\/1\.1 404 /);
    });
  });

  it('renews its certificates for new connections and leaves the others alone', async () => {
    const lane = await start();
    const before = await connected(lane);
    lane.front.renew(aFrontTls([await makeCert({ ca, cn: 'renewed', san: ['DNS:app.test'] })]));
    const after = await connected(lane);
    expect(before.getPeerCertificate().subject.CN).to.equal('front');
    expect(after.getPeerCertificate().subject.CN).to.equal('renewed');
    for (const socket of [before, after]) {
      socket.write(GET);
      expect(String((await once(socket, 'data'))[0])).to.match(/^HTTP\/1\.1 404 /);
    }
    expect(() => lane.front.renew(aFrontTls([{ cert: pair.cert, key: 'no key' }]))).to.throw();
    expect((await connected(lane)).getPeerCertificate().subject.CN).to.equal('renewed');
  });

  it('outlives clients that leave at any moment', async () => {
    const lane = await start();
    const hello = Buffer.from('16030100', 'hex');
    for (let i = 0; i < 60; i += 1) {
      const socket = connectTcp(lane.tlsPort, '127.0.0.1');
      await once(socket, 'connect');
      if (i % 3 === 1) socket.write(hello.subarray(0, 1 + (i % 4)));
      if (i % 3 === 2) socket.write(randomBytes(64));
      socket.on('error', () => {}); // it is reset for sending nonsense
      if (i % 2 === 0) socket.resetAndDestroy();
      else socket.end();
    }
    await until(() => lane.enteringCount() === 0, 'an empty door');
    const socket = await connected(lane);
    socket.write(GET);
    expect(String((await once(socket, 'data'))[0])).to.match(/^HTTP\/1\.1 404 /);
    socket.destroy();
    await lane.drain();
  });

  describe('with rules for client certificates', () => {
    let root: KeyPair;
    let partner: KeyPair;
    let other: KeyPair;
    const rules: MetadataRule[] = [
      {
        issuer: aSubject({ commonName: 'Partner CA', organization: ['Partner'] }),
        subjects: [
          aSubject({ commonName: 'client-1', organization: ['Partner'], organizationalUnit: ['Payments'] }),
        ],
      },
    ];

    before(async () => {
      root = await makeCa('/CN=Root');
      partner = await makeCert({ ca: root, cn: '/O=Partner/CN=Partner CA', authority: true });
      other = await makeCert({ ca: root, cn: '/O=Other/CN=Other CA', authority: true });
    });

    async function client(issuer: KeyPair, cn: string, chain: readonly KeyPair[] = []): Promise<KeyPair> {
      const { cert, key } = await makeCert({ ca: issuer, cn, client: true });
      return { key, cert: [cert, ...chain.map((one) => one.cert)].join('\n') };
    }

    /** Whether a client gets an answer. */
    async function outcome(lane: RunningLane, options: ConnectionOptions): Promise<'let in' | 'refused'> {
      const socket = await connected(lane, options).catch(() => undefined);
      if (socket === undefined || socket.destroyed) return 'refused';
      socket.write(GET);
      const [first] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      return first instanceof Buffer ? 'let in' : 'refused';
    }

    const GOOD = '/O=Partner/OU=Payments/CN=client-1';

    it('lets in what they allow, and all that they are not about', async () => {
      const lane = await start({
        clientCertificates: 'request',
        clientCas: [root.cert, partner.cert, other.cert],
        metadataRules: rules,
      });
      expect(await outcome(lane, await client(partner, GOOD))).to.equal('let in');
      expect(await outcome(lane, await client(partner, GOOD, [partner]))).to.equal('let in');
      expect(await outcome(lane, await client(other, '/CN=anybody'))).to.equal('let in');
      expect(await outcome(lane, await client(root, '/CN=anybody'))).to.equal('let in');
      expect(await outcome(lane, {})).to.equal('let in');
    });

    it('follow chains over certificates that the client sends', async () => {
      const lane = await start({
        clientCertificates: 'request',
        clientCas: [root.cert],
        metadataRules: rules,
      });
      expect(await outcome(lane, await client(partner, GOOD, [partner]))).to.equal('let in');
      expect(await outcome(lane, await client(partner, '/O=Partner/CN=client-2', [partner]))).to.equal(
        'refused',
      );
    });

    it('cannot be passed by with another CA of the same name', async () => {
      const lane = await start({
        clientCertificates: 'request',
        clientCas: [root.cert],
        metadataRules: rules,
      });
      const forged = await makeCert({
        ca: await makeCa('/CN=Elsewhere'),
        cn: '/O=Partner/CN=Partner CA',
        authority: true,
      });
      const bad = '/O=Partner/CN=client-2';
      for (const chain of [
        [forged, partner],
        [partner, forged],
      ]) {
        expect(await outcome(lane, await client(partner, bad, chain))).to.equal('refused');
      }
    });

    it('refuse every other subject, and say why', async () => {
      const lane = await start({
        clientCertificates: 'request',
        clientCas: [root.cert, partner.cert],
        metadataRules: rules,
      });
      for (const cn of [
        '/O=Partner/OU=Payments/CN=client-2',
        '/O=Partner/CN=client-1',
        '/O=Partner/OU=Payments/OU=More/CN=client-1',
        '/C=DE/O=Partner/OU=Payments/CN=client-1',
      ]) {
        expect(await outcome(lane, await client(partner, cn)), cn).to.equal('refused');
      }
      expect(lane.lines.find(({ message }) => message === 'invalid-subject')).to.deep.include({
        level: 'warn',
        data: {
          issuer: 'CN=Partner CA,O=Partner',
          subject: 'CN=client-2,OU=Payments,O=Partner',
          allowed: ['CN=client-1,OU=Payments,O=Partner'],
        },
      });
    });
  });
});

function aSubject(fields: Partial<Subject>): Subject {
  return {
    country: [],
    organization: [],
    organizationalUnit: [],
    locality: [],
    province: [],
    streetAddress: [],
    postalCode: [],
    commonName: '',
    serialNumber: '',
    ...fields,
  };
}
