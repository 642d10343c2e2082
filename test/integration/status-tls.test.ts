import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { freePort } from '../support/free-port.ts';
import { RouterProcess } from '../support/router-process.ts';

describe('health over TLS', () => {
  const closing = closingAfterEach();
  let ca: KeyPair;
  let pair: KeyPair;

  before(async () => {
    ca = await makeCa();
    pair = await makeCert({ ca, cn: 'router', san: ['DNS:localhost', 'IP:127.0.0.1'] });
  });

  const pem = (text: string): string => JSON.stringify(text);

  async function start(config = '', status = ''): Promise<{ router: RouterProcess; port: number }> {
    const port = await freePort();
    const tls = `tls: {port: ${port}, certificate: ${pem(pair.cert)}, key: ${pem(pair.key)}}`;
    const router = await RouterProcess.start(
      closing,
      `nats: {embedded: {port: 0}}\nstatus: {port: 0, routes: {port: 0}, ${tls}${status}}\n${config}`,
    );
    return { router, port };
  }

  async function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connect({ host: '127.0.0.1', port, ca: ca.cert, ...options });
    closing(() => socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  async function get(port: number, path: string, options: ConnectionOptions = {}): Promise<string> {
    const socket = await dial(port, options);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const bytes of socket) text += String(bytes);
    return text.replace(/^Date: .*\r\n/m, '');
  }

  it('answers as the plain listener does', async () => {
    const { port } = await start();
    const ok =
      'HTTP/1.1 200 OK\r\nCache-Control: private, max-age=0\r\nExpires: 0\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n';
    expect(await get(port, '/health')).to.equal(ok);
    expect(await get(port, '/is-process-alive-do-not-use-for-loadbalancing')).to.equal(ok);
    expect(await get(port, '/routes')).to.match(/^HTTP\/1\.1 404 Not Found\r\n.*\r\n404 page not found\n$/s);
  });

  it('is all that listens where the plain one is switched off', async () => {
    const { router, port } = await start('', ', enable_nontls_health_checks: false');
    expect(router.last('status-listening')?.data).to.have.keys('healthTls', 'routes');
    expect(await get(port, '/health')).to.match(/^HTTP\/1\.1 200 /);
  });

  it('speaks HTTP/2 to who asks for it, and ends with the router', async () => {
    const { router, port } = await start();
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: ca.cert });
    session.on('error', () => {});
    closing(() => session.destroy());
    const stream = session.request({ ':path': '/health' });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers).to.include({ ':status': 200, 'cache-control': 'private, max-age=0', expires: '0' });
    let body = '';
    for await (const bytes of stream) body += String(bytes);
    expect(body).to.equal('ok\n');
    const closed = once(session, 'close');
    expect(await router.stop()).to.equal(0);
    await closed;
  });

  it('offers no protocol with enable_http2: false', async () => {
    const { port } = await start('enable_http2: false');
    const socket = await dial(port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).to.equal(false);
  });

  it('speaks TLS 1.2 alone where there is no HTTPS listener', async () => {
    const { port } = await start();
    expect((await dial(port)).getProtocol()).to.equal('TLSv1.2');
    const error = await dial(port, { minVersion: 'TLSv1.3' }).catch((reason: Error) => reason);
    expect(error).to.be.instanceOf(Error);
  });

  it('takes versions and ciphers from the HTTPS listener', async () => {
    const front = [
      'enable_ssl: true',
      `ssl_port: ${await freePort()}`,
      `tls_pem: [{cert_chain: ${pem(pair.cert)}, private_key: ${pem(pair.key)}}]`,
      'cipher_suites: ECDHE-RSA-AES256-GCM-SHA384',
      'client_cert_validation: none',
      'max_tls_version: TLSv1.3',
    ].join('\n');
    const { port } = await start(front);
    expect((await dial(port)).getProtocol()).to.equal('TLSv1.3');
    const older = await dial(port, { maxVersion: 'TLSv1.2' });
    expect(older.getCipher().name).to.equal('ECDHE-RSA-AES256-GCM-SHA384');
    const refused = await dial(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }).catch(
      (reason: Error) => reason,
    );
    expect(refused).to.be.instanceOf(Error);
  });

  it('takes another certificate on SIGHUP', async () => {
    const other = await makeCert({ ca, cn: 'other', san: ['DNS:localhost', 'IP:127.0.0.1'] });
    const { router, port } = await start();
    const kept = await dial(port);
    expect(kept.getPeerCertificate().subject.CN).to.equal('router');
    const status = (pair: KeyPair): string =>
      `status: {port: 0, routes: {port: 0}, tls: {port: ${port}, certificate: ${pem(pair.cert)}, key: ${pem(pair.key)}}}`;
    await router.reconfigure(`nats: {embedded: {port: 0}}\n${status(other)}`);
    router.signal('SIGHUP');
    const { data } = await router.said('certificates-reloaded');
    expect((data.health as { subject: string }[])[0]?.subject).to.equal('CN=other');
    expect((await dial(port)).getPeerCertificate().subject.CN).to.equal('other');
    kept.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(kept, 'data'))[0])).to.match(/^HTTP\/1\.1 200 /);
    await router.reconfigure(`nats: {embedded: {port: 0}}\n${status({ cert: other.cert, key: pair.key })}`);
    router.signal('SIGHUP');
    await router.said('certificates-not-reloaded');
    expect((await dial(port)).getPeerCertificate().subject.CN).to.equal('other');
  });

  it('outlives clients that do not speak TLS, or leave in the middle', async () => {
    const { port } = await start();
    const { connect: connectPlain } = await import('node:net');
    for (let i = 0; i < 3; i += 1) {
      const plain = connectPlain(port, '127.0.0.1');
      plain.on('error', () => {});
      plain.write('GET /health HTTP/1.1\r\n\r\n');
      await once(plain, 'close');
      (await dial(port)).destroy();
    }
    expect(await get(port, '/health')).to.match(/^HTTP\/1\.1 200 /);
  });
});
