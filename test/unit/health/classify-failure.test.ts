import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import { type ErrorCode, type Reached, RouterError } from '../../../lib/errors.ts';
import { classifyFailure } from '../../../lib/health/classify-failure.ts';

const context = { tls: false, reached: 'dialling', address: '10.0.0.1:8080' } as const;
const failed = (code: string, fields: object = {}): Error =>
  Object.assign(new Error('prose that nobody may rely on'), { code, ...fields });

describe('classifyFailure', () => {
  const X509 = 'tls: failed to verify certificate: x509: ';
  const cases: readonly (readonly [
    name: string,
    error: unknown,
    code: ErrorCode,
    text: string,
    more?: { reached?: Reached; address?: string; localAddress?: string },
  ])[] = [
    [
      'a refused dial',
      failed('ECONNREFUSED', { syscall: 'connect' }),
      'DIAL_REFUSED',
      'dial tcp 10.0.0.1:8080: connect: connection refused',
    ],
    [
      'no route',
      failed('EHOSTUNREACH', { syscall: 'connect' }),
      'DIAL_UNREACHABLE',
      'dial tcp 10.0.0.1:8080: connect: no route to host',
    ],
    [
      'no network',
      failed('ENETUNREACH'),
      'DIAL_UNREACHABLE',
      'dial tcp 10.0.0.1:8080: connect: network is unreachable',
    ],
    [
      'a dial that the kernel gave up',
      failed('ETIMEDOUT', { syscall: 'connect' }),
      'DIAL_TIMEOUT',
      'dial tcp 10.0.0.1:8080: connect: connection timed out',
    ],
    [
      'our own dial timeout',
      new RouterError('DIAL_TIMEOUT', 'x'),
      'DIAL_TIMEOUT',
      'dial tcp 10.0.0.1:8080: i/o timeout',
    ],
    [
      'an unknown name',
      failed('ENOTFOUND', { syscall: 'getaddrinfo' }),
      'DIAL_NAME',
      'dial tcp: lookup app.internal: no such host',
      { address: 'app.internal:80' },
    ],
    ['too many files', failed('EMFILE'), 'DIAL_LOCAL', 'dial tcp 10.0.0.1:8080: socket: too many open files'],
    [
      'too few ports',
      failed('EADDRNOTAVAIL'),
      'DIAL_LOCAL',
      'dial tcp 10.0.0.1:8080: connect: cannot assign requested address',
    ],
    [
      'several addresses of a name',
      new AggregateError([failed('ECONNREFUSED'), failed('ENETUNREACH')]),
      'DIAL_REFUSED',
      'dial tcp 10.0.0.1:8080: connect: connection refused',
    ],
    [
      'an error that wraps another',
      new Error('dial failed', { cause: failed('ECONNREFUSED') }),
      'DIAL_REFUSED',
      'dial tcp 10.0.0.1:8080: connect: connection refused',
    ],
    [
      'a reset',
      failed('ECONNRESET', { syscall: 'read' }),
      'ENDPOINT_RESET',
      'read tcp 10.0.1.2:33412->10.0.0.1:8080: read: connection reset by peer',
      { reached: 'sent', localAddress: '10.0.1.2:33412' },
    ],
    ['an orderly end without an answer', failed('ECONNRESET'), 'ENDPOINT_CLOSED', 'EOF', { reached: 'sent' }],
    [
      'a write after the end',
      failed('EPIPE', { syscall: 'write' }),
      'ENDPOINT_CLOSED',
      'write tcp 10.0.0.1:8080: write: broken pipe',
      { reached: 'sent' },
    ],
    [
      'silence in the middle',
      failed('ETIMEDOUT', { syscall: 'read' }),
      'ENDPOINT_RESET',
      'read tcp 10.0.0.1:8080: read: connection timed out',
      { reached: 'sent' },
    ],
    [
      'endpoint_timeout',
      new RouterError('ENDPOINT_TIMEOUT', 'x'),
      'ENDPOINT_TIMEOUT',
      'context deadline exceeded',
      { reached: 'sent' },
    ],
    ['no endpoint', new RouterError('NO_ENDPOINT', 'x'), 'NO_ENDPOINT', 'No endpoints available'],
    ['a client that went away', new RouterError('CLIENT_GONE', 'x'), 'CLIENT_GONE', 'context canceled'],
    [
      'a text of our own',
      new RouterError('ENDPOINT_BAD_RESPONSE', 'Too many response headers'),
      'ENDPOINT_BAD_RESPONSE',
      'Too many response headers',
    ],
    [
      'a handshake timeout',
      new RouterError('TLS_HANDSHAKE_TIMEOUT', 'x'),
      'TLS_HANDSHAKE_TIMEOUT',
      'net/http: TLS handshake timeout',
    ],
    [
      'a malformed response',
      failed('HPE_INVALID_CONSTANT', { message: 'Expected HTTP/' }),
      'ENDPOINT_BAD_RESPONSE',
      'net/http: HTTP/1.x transport connection broken: malformed HTTP response "Expected HTTP/"',
      { reached: 'sent' },
    ],
    [
      'a response head over the limit',
      failed('HPE_HEADER_OVERFLOW'),
      'ENDPOINT_BAD_RESPONSE',
      'net/http: server response headers exceeded limit; aborted',
      { reached: 'sent' },
    ],
    [
      'plain text instead of TLS',
      failed('ERR_SSL_WRONG_VERSION_NUMBER'),
      'TLS_NOT_TLS',
      'tls: first record does not look like a TLS handshake',
    ],
    [
      'the same as EPROTO',
      failed('EPROTO', {
        message: '40E7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../x.c:1:',
      }),
      'TLS_NOT_TLS',
      'tls: first record does not look like a TLS handshake',
    ],
    [
      'certificate required',
      failed('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
      'CERT_REJECTED_BY_ENDPOINT',
      'remote error: tls: certificate required',
      { reached: 'sent' },
    ],
    [
      'our certificate refused',
      failed('ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'),
      'CERT_REJECTED_BY_ENDPOINT',
      'remote error: tls: bad certificate',
    ],
    [
      'our CA unknown',
      failed('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'),
      'CERT_REJECTED_BY_ENDPOINT',
      'remote error: tls: unknown certificate authority',
    ],
    [
      'a failed handshake',
      failed('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'),
      'TLS_HANDSHAKE_FAILURE',
      'remote error: tls: handshake failure',
    ],
    [
      'an old version',
      failed('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'),
      'TLS_PROTOCOL_VERSION',
      'remote error: tls: protocol version not supported',
    ],
    [
      'another name',
      failed('ERR_TLS_CERT_ALTNAME_INVALID', { host: 'b', cert: { subjectaltname: 'DNS:a, DNS:*.a' } }),
      'CERT_NAME_MISMATCH',
      `${X509}certificate is valid for a, *.a, not b`,
    ],
    [
      'no alternative name',
      failed('ERR_TLS_CERT_ALTNAME_INVALID', { host: 'b', cert: {} }),
      'CERT_NAME_MISMATCH',
      `${X509}certificate relies on legacy Common Name field, use SANs instead`,
    ],
    [
      'no address',
      failed('ERR_TLS_CERT_ALTNAME_INVALID', { host: '10.0.0.1', cert: { subjectaltname: 'DNS:a' } }),
      'CERT_NAME_MISMATCH',
      `${X509}cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs`,
    ],
    [
      'an expired certificate',
      failed('CERT_HAS_EXPIRED'),
      'CERT_EXPIRED',
      `${X509}certificate has expired or is not yet valid`,
    ],
    [
      'a self-signed certificate',
      failed('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'CERT_UNTRUSTED',
      `${X509}certificate signed by unknown authority`,
    ],
    [
      'an unknown issuer',
      failed('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      'CERT_UNTRUSTED',
      `${X509}certificate signed by unknown authority`,
    ],
    ['an exception of ours', new TypeError('x is not a function'), 'INTERNAL', 'x is not a function'],
    ['a thrown text', 'oops', 'INTERNAL', 'oops'],
    ['nothing at all', undefined, 'INTERNAL', 'undefined'],
  ];
  for (const [name, error, code, text, more] of cases) {
    it(`calls ${name} ${code}`, () => {
      const given = { ...context, ...more };
      expect(classifyFailure(error, given)).to.deep.equal({ code, reached: given.reached, text });
    });
  }

  describe('of what node says in fact', () => {
    const servers: Server[] = [];
    const sockets = new Set<Socket>();
    afterEach(async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.splice(0).map((server) => server.listening && once(server.close(), 'close')));
    });

    async function listen(server: Server): Promise<number> {
      servers.push(server);
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('error', () => {}); // the tests break connections on purpose
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return (server.address() as AddressInfo).port;
    }

    async function failureOf(emitter: NodeJS.EventEmitter, reached: Reached): Promise<ErrorCode> {
      const [error] = await once(emitter, 'error').catch((thrown: unknown) => [thrown]);
      return classifyFailure(error, { ...context, reached }).code;
    }

    it('knows a refused dial', async () => {
      const server = createServer();
      const port = await listen(server);
      await once(server.close(), 'close');
      expect(await failureOf(connect(port, '127.0.0.1'), 'dialling')).to.equal('DIAL_REFUSED');
    });

    it('knows a connection that ends without an answer', async () => {
      const port = await listen(createServer((socket) => socket.once('data', () => socket.end())));
      expect(await failureOf(request({ port }).end(), 'sent')).to.equal('ENDPOINT_CLOSED');
    });

    it('knows a connection that is reset', async () => {
      const port = await listen(
        createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
      );
      expect(await failureOf(request({ port }).end(), 'sent')).to.equal('ENDPOINT_RESET');
    });

    it('knows an answer that is not HTTP', async () => {
      const port = await listen(createServer((socket) => socket.end('SSH-2.0-x\r\n')));
      expect(await failureOf(request({ port }).end(), 'sent')).to.equal('ENDPOINT_BAD_RESPONSE');
    });

    it('knows an endpoint that does not speak TLS', async () => {
      const port = await listen(createServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')));
      expect(await failureOf(connectTls({ port, host: '127.0.0.1' }), 'dialling')).to.equal('TLS_NOT_TLS');
    });

    it('knows an endpoint without a common cipher', async () => {
      const port = await listen(createTlsServer({ maxVersion: 'TLSv1.2' }));
      expect(await failureOf(connectTls({ port, host: '127.0.0.1' }), 'dialling')).to.equal(
        'TLS_HANDSHAKE_FAILURE',
      );
    });

    it('knows an endpoint that hangs up during the handshake', async () => {
      const port = await listen(createServer((socket) => socket.once('data', () => socket.end())));
      expect(await failureOf(connectTls({ port, host: '127.0.0.1' }), 'dialling')).to.equal(
        'ENDPOINT_CLOSED',
      );
    });
  });
});
