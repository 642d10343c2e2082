import { constants, createHash, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { type ClientRefusal, ClientTrust } from '../tls/client-trust.ts';
import type { FrontTls } from '../tls/front-tls.ts';
import { ServerNames } from '../tls/server-names.ts';
import type { SessionTickets } from './session-tickets.ts';

/** A handshake that came to its end. */
export interface Secured {
  readonly socket: TLSSocket;
  /** What was agreed on by ALPN; undefined = nothing was, which means HTTP/1.1. */
  readonly protocol: string | undefined;
  /** Base64 of the DER of the client's certificate; empty = it showed none. */
  readonly certificate: string;
}

export interface TlsDoorDeps {
  /** Offered by ALPN, the preferred first; none = the client's wishes are ignored. */
  readonly protocols: readonly string[];
  /** For a whole handshake, ms. */
  readonly handshakeTimeoutMs: number;
  /** A connection has no more to do with this door: its handshake succeeded, or it is closed and this is why. */
  readonly onSecured: (raw: Socket, secured: Secured) => void;
  readonly onFailed: (raw: Socket, refusal: ClientRefusal) => void;
  readonly tickets: SessionTickets;
}

type SniDone = (error: Error | null, context: SecureContext) => void;

interface Handshake {
  readonly raw: Socket;
  readonly timer: NodeJS.Timeout;
  readonly onClose: () => void;
}

/** For as long as keys are kept at least. */
const TICKET_LIFE_S = 7_200;

/** To whom speaks HTTP where TLS is spoken (contract: http.md 1). */
const PLAIN_HTTP_ANSWER = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

/**
 * Does the TLS handshakes of one set of certificates and rules. It does not listen, so that other rules are another
 * door for the connections that come from then on, and nothing to those that are there.
 */
export class TlsDoor {
  readonly #deps: TlsDoorDeps;
  readonly #server: Server;
  readonly #trust: ClientTrust;
  /** By their four-tuple, which is all that node lets one know of the socket below a TLS socket. */
  readonly #handshakes = new Map<string, Handshake>();

  /** Throws what OpenSSL says of a certificate, key or cipher list that it does not take. */
  constructor(tls: FrontTls, deps: TlsDoorDeps) {
    this.#deps = deps;
    this.#trust = new ClientTrust(tls);
    const contexts = new Contexts(tls, this.#trust);
    const { clientCertificates, certificates } = tls;
    this.#server = createServer({
      ...contexts.options(0),
      ...(deps.protocols.length > 0 ? { ALPNProtocols: [...deps.protocols] } : {}),
      ...(certificates.length > 1
        ? { SNICallback: (name: string, done: SniDone) => done(null, contexts.forName(name)) }
        : {}),
      requestCert: clientCertificates !== 'none',
      // Node's own way to refuse is to close without a reason, so it is only used where OpenSSL itself refuses.
      rejectUnauthorized: clientCertificates === 'require',
      handshakeTimeout: 0, // bounded below as a whole, not from byte to byte
    });
    deps.tickets.attach(this.#server);
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => this.#failed(error, socket));
  }

  /** Begins the handshake on an accepted connection; bytes read from it already are to be unshifted before. */
  admit(raw: Socket): void {
    // Reset by its client before it was accepted, and without an address to know it by.
    if (raw.remoteAddress === undefined) {
      raw.on('error', ignore);
      raw.destroy();
      this.#deps.onFailed(raw, { reason: 'closed before the handshake' });
      return;
    }
    const key = keyOf(raw);
    const fail = (reason: string): void => {
      if (this.#take(key) !== undefined) this.#deps.onFailed(raw, { reason });
      raw.destroy();
    };
    const { handshakeTimeoutMs: limit } = this.#deps;
    const timer = setTimeout(() => fail(`no TLS handshake within ${limit} ms`), limit);
    const onClose = (): void => fail('closed before the end of the handshake');
    this.#handshakes.set(key, { raw, timer, onClose });
    raw.on('error', ignore); // `close` follows
    raw.on('close', onClose);
    this.#server.emit('connection', raw);
  }

  #secured(socket: TLSSocket): void {
    const handshake = this.#take(keyOf(socket));
    if (handshake === undefined) {
      socket.destroy();
      return;
    }
    const { raw } = handshake;
    const certificate = socket.getPeerX509Certificate();
    const refusal =
      certificate === undefined ? undefined : this.#trust.refusal(socket, certificate, new Date());
    if (refusal !== undefined) {
      socket.on('error', ignore);
      socket.destroy();
      this.#deps.onFailed(raw, refusal);
      return;
    }
    this.#deps.onSecured(raw, {
      socket,
      protocol: socket.alpnProtocol || undefined,
      certificate: certificate?.raw.toString('base64') ?? '',
    });
  }

  #failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const handshake = this.#take(keyOf(socket));
    if (handshake === undefined) return; // it was closed: said already
    const { raw } = handshake;
    // Node closes it as soon as this returns, and OpenSSL sends no alert to such a client.
    if (error.code === 'ERR_SSL_HTTP_REQUEST' && raw.writable) raw.write(PLAIN_HTTP_ANSWER);
    this.#deps.onFailed(raw, { reason: reasonOf(error) });
  }

  #take(key: string): Handshake | undefined {
    const handshake = this.#handshakes.get(key);
    if (handshake === undefined) return undefined;
    clearTimeout(handshake.timer);
    handshake.raw.off('close', handshake.onClose);
    this.#handshakes.delete(key);
    return handshake;
  }
}

/** The TLS contexts of the certificates, each made when it is first asked for. */
class Contexts {
  readonly #tls: FrontTls;
  readonly #names: ServerNames;
  readonly #trust: ClientTrust;
  readonly #sessionIdContext: string;
  readonly #made: (SecureContext | undefined)[] = [];

  constructor(tls: FrontTls, trust: ClientTrust) {
    this.#tls = tls;
    this.#trust = trust;
    this.#names = new ServerNames(tls.certificates.map(({ cert }) => new X509Certificate(cert)));
    // Sessions that were made under other rules are not resumed (RFC 8446 §4.2.11).
    const { clientCertificates: asked, metadataRules: rules } = tls;
    const facts = JSON.stringify([asked, asked === 'none' ? [] : trust.ca, rules]);
    this.#sessionIdContext = createHash('sha256').update(facts).digest('hex').slice(0, 32);
  }

  options(index: number): SecureContextOptions {
    const { ciphers, minVersion, maxVersion, certificates, metadataRules } = this.#tls;
    const { cert, key } = certificates[index]!;
    return {
      cert,
      key,
      // An empty list, not none: that would be node's own CAs.
      ca: [...this.#trust.ca],
      // Whatever is trusted may end a chain, as in Go, not only what has signed itself.
      allowPartialTrustChain: true,
      ciphers,
      minVersion,
      maxVersion,
      honorCipherOrder: true,
      sessionIdContext: this.#sessionIdContext,
      sessionTimeout: TICKET_LIFE_S,
      // Renegotiation costs a client a few bytes and us a handshake; `disableRenegotiation` of an accepted socket does not
      // keep it away. A ticket keeps the client's certificate and not its chain: rules could not be looked at again.
      secureOptions:
        constants.SSL_OP_NO_RENEGOTIATION | (metadataRules.length > 0 ? constants.SSL_OP_NO_TICKET : 0),
    };
  }

  forName(name: string): SecureContext {
    const index = this.#names.find(name);
    this.#made[index] ??= createSecureContext(this.options(index));
    return this.#made[index];
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remotePort} ${socket.remoteAddress} ${socket.localAddress}`;
}

/** OpenSSL's texts carry its source files and thread; what helps is in the last part but those. */
function reasonOf(error: NodeJS.ErrnoException & { reason?: string }): string {
  return error.reason ?? error.message.trim();
}

function ignore(): void {}
