import { expect } from 'chai';
import { renewFrontTls } from '../../../lib/primary/renew-front-tls.ts';
import { type KeyPair, makeCa, makeCert } from '../../support/certificates.ts';
import { load } from '../../support/config-text.ts';

describe('renewFrontTls', () => {
  let one: KeyPair;
  let two: KeyPair;

  before(async () => {
    const ca = await makeCa();
    [one, two] = await Promise.all([makeCert({ ca, cn: 'one' }), makeCert({ ca, cn: 'two' })]);
  });

  const text = ({ cert, key }: KeyPair, more = ''): string =>
    `enable_ssl: true\ncipher_suites: ECDHE-RSA-AES128-GCM-SHA256\nclient_cert_validation: none\n${more}` +
    `tls_pem:\n- {cert_chain: ${JSON.stringify(cert)}, private_key: ${JSON.stringify(key)}}\n`;

  it('takes certificates and rules', () => {
    const renewal = renewFrontTls(load(text(one)).config, load(text(two, 'max_tls_version: TLSv1.3\n')));
    if (renewal.kind !== 'read') throw new Error('refused');
    expect(renewal.ignored).to.deep.equal([]);
    expect(renewal.renewed?.tls?.certificates).to.deep.equal([{ cert: two.cert, key: two.key }]);
    expect(renewal.renewed?.tls?.maxVersion).to.equal('TLSv1.3');
    expect(renewal.renewed?.config.max_tls_version).to.equal('TLSv1.3');
  });

  it('names what only a restart puts into effect', () => {
    const current = load(text(one)).config;
    const renewal = renewFrontTls(current, load(text(two, 'ssl_port: 8443\nendpoint_timeout: 5s\n')));
    if (renewal.kind !== 'read') throw new Error('refused');
    expect(renewal.ignored).to.have.members(['ssl_port', 'endpoint_timeout', 'drain_timeout']);
    expect(renewal.renewed?.config.ssl_port).to.equal(current.ssl_port);
  });

  describe('of the health listener', () => {
    const health = ({ cert, key }: KeyPair, more = ''): string =>
      `status: {tls: {certificate: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)}}${more}}\n`;

    it('takes the certificate, with an HTTPS listener or without', () => {
      for (const front of ['', text(one)]) {
        const renewal = renewFrontTls(load(front + health(one)).config, load(front + health(two)));
        if (renewal.kind !== 'read') throw new Error('refused');
        expect(renewal.ignored).to.deep.equal([]);
        expect(renewal.renewed).to.include({ tls: undefined, health: true });
        expect(renewal.renewed?.config.status.tls).to.include({ certificate: two.cert, key: two.key });
      }
    });

    it('takes nothing else, and does not switch it on or off', () => {
      for (const [before, after, isRenewed] of [
        [health(one), health(two, ', port: 81'), true],
        ['', health(two), false],
        [health(one), '', false],
      ] as const) {
        const current = load(before).config;
        const renewal = renewFrontTls(current, load(after));
        if (renewal.kind !== 'read') throw new Error('refused');
        expect(renewal.ignored).to.deep.equal(['status']);
        expect(renewal.renewed !== undefined).to.equal(isRenewed);
        if (renewal.renewed !== undefined) {
          expect(renewal.renewed.config.status.port).to.equal(current.status.port);
        }
      }
    });
  });

  it('has nothing to say of the same file', () => {
    const renewal = renewFrontTls(load(text(one)).config, load(text(one)));
    expect(renewal).to.deep.equal({ kind: 'read', renewed: undefined, ignored: [] });
  });

  it('refuses a file with errors, whatever they are about', () => {
    const current = load(text(one)).config;
    expect(renewFrontTls(current, load(text({ cert: one.cert, key: two.key })))).to.deep.equal({
      kind: 'refused',
      errors: ['Error loading key pair: tls: private key does not match public key'],
    });
    expect(renewFrontTls(current, load(text(two, 'endpoint_timeout: 5\n'))).kind).to.equal('refused');
    expect(renewFrontTls(current, load('port: [')).kind).to.equal('refused');
  });
});
