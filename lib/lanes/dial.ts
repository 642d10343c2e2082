import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { RouterError } from '../errors.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import { certificateNameProblem } from './certificate-name.ts';

/** What a connection to an endpoint took to make, in ms. `dnsMs` is 0 for an IP, `tlsMs` 0 for a plain endpoint. */
export interface DialTimes {
  readonly dnsMs: number;
  readonly dialMs: number;
  readonly tlsMs: number;
}

export interface DialSettings {
  /** Name lookup and TCP connect together; 0 = no limit. */
  readonly dialTimeoutMs: number;
  /** 0 = no limit. */
  readonly tlsHandshakeTimeoutMs: number;
  /** Pause before the first TCP keep-alive probe; 0 or less = no probes. */
  readonly keepAliveProbeMs: number;
  /** Trust, versions and client certificate for TLS endpoints, made when the first one is dialled. */
  readonly secureContext: () => SecureContext;
  /** Protocols to offer to a TLS endpoint, the preferred one first (RFC 7301); absent = none. */
  readonly protocols?: string[] | undefined;
  /** Where a plain connection's bytes go, when not to the socket's `data`. */
  readonly onread?: OnReadOpts | undefined;
}

/**
 * Connects to an endpoint, through TLS when it is registered so (contract: tls.md 5). Nothing of the request is
 * consumed meanwhile, which is what makes every failure here safe to repeat elsewhere.
 * Rejects with what node said, a RouterError for the two time limits, or the reason of `signal` when that aborts.
 */
export function dial(
  endpoint: Endpoint,
  settings: DialSettings,
  signal: AbortSignal,
): Promise<{ socket: Socket; times: DialTimes }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let lookedUpAt = startedAt;
    let connectedAt = startedAt;
    let phase: 'connect' | 'tls' = 'connect';
    let timer: NodeJS.Timeout | undefined;

    const { onread } = settings;
    const tcp = connect({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      ...(onread === undefined || endpoint.tls ? {} : { onread }),
    });
    let socket: Socket = tcp;

    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      tcp.removeListener('error', onError);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
    };
    const fail = (cause: unknown): void => {
      settle();
      // Errors may still come after the first; they say nothing new and must not end the process.
      tcp.on('error', ignore);
      socket.on('error', ignore);
      tcp.destroy();
      socket.destroy();
      reject(cause);
    };
    const onError = (error: Error): void => fail(error);
    const onClose = (): void => fail(Object.assign(new Error('socket closed'), { code: 'ECONNRESET' }));
    const onAbort = (): void => fail(signal.reason);
    const limit = (ms: number): void => {
      clearTimeout(timer);
      if (ms <= 0) return;
      const code = phase === 'connect' ? 'DIAL_TIMEOUT' : 'TLS_HANDSHAKE_TIMEOUT';
      const options = { source: 'endpoint', reached: 'dialling' } as const;
      timer = setTimeout(() => fail(new RouterError(code, `no ${phase} within ${ms} ms`, options)), ms);
    };
    const succeed = (): void => {
      settle();
      // From here on the connection's owner listens; until it does, an error has nobody else to go to.
      socket.on('error', ignore);
      const readyAt = performance.now();
      resolve({
        socket,
        times: {
          dnsMs: lookedUpAt - startedAt,
          dialMs: connectedAt - startedAt,
          tlsMs: endpoint.tls ? readyAt - connectedAt : 0,
        },
      });
    };

    limit(settings.dialTimeoutMs);
    tcp.on('error', onError);
    tcp.on('close', onClose);
    tcp.once('lookup', () => {
      lookedUpAt = performance.now();
    });
    tcp.once('connect', () => {
      connectedAt = performance.now();
      if (settings.keepAliveProbeMs > 0) tcp.setKeepAlive(true, settings.keepAliveProbeMs);
      if (!endpoint.tls) return succeed();

      phase = 'tls';
      limit(settings.tlsHandshakeTimeoutMs);
      tcp.removeListener('close', onClose);
      const name = endpoint.serverCertDomainSan || endpoint.host;
      try {
        const tls = connectTls({
          socket: tcp,
          secureContext: settings.secureContext(),
          ...(settings.protocols === undefined ? {} : { ALPNProtocols: settings.protocols }),
          // No SNI for an IP (RFC 6066 §3).
          ...(isIP(name) === 0 ? { servername: name } : {}),
          checkServerIdentity: (_host, certificate) => certificateNameProblem(name, certificate),
        });
        socket = tls;
        tls.on('error', onError);
        tls.on('close', onClose);
        tls.once('secureConnect', succeed);
      } catch (error) {
        fail(error);
      }
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}

function ignore(): void {}
