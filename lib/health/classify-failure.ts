import { isIP } from 'node:net';
import { type ErrorCode, type Reached, RouterError } from '../errors.ts';
import { certificateText } from './certificate-text.ts';
import { malformedResponseText } from './malformed-response.ts';

/** A failed attempt at an endpoint, in the terms that every later decision is made in. */
export interface AttemptFailure {
  readonly code: ErrorCode;
  readonly reached: Reached;
  /** gorouter's wording, which dashboards match: `dial tcp 10.0.0.1:8080: connect: connection refused`. */
  readonly text: string;
}

/** What the raw error does not say itself. */
export interface FailureContext {
  readonly tls: boolean;
  readonly reached: Reached;
  /** `host:port` of the endpoint. */
  readonly address: string;
  /** `ip:port` of our side of the connection, when there was one. */
  readonly localAddress?: string | undefined;
}

interface RawError {
  readonly error: unknown;
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
}

/** Kernel errors of a dial, with Go's words for them. Short of our own resources is nobody else's fault. */
const DIAL: Readonly<Record<string, readonly [code: ErrorCode, text: string]>> = {
  ECONNREFUSED: ['DIAL_REFUSED', 'connect: connection refused'],
  EHOSTUNREACH: ['DIAL_UNREACHABLE', 'connect: no route to host'],
  ENETUNREACH: ['DIAL_UNREACHABLE', 'connect: network is unreachable'],
  EHOSTDOWN: ['DIAL_UNREACHABLE', 'connect: host is down'],
  ENETDOWN: ['DIAL_UNREACHABLE', 'connect: network is down'],
  ETIMEDOUT: ['DIAL_TIMEOUT', 'connect: connection timed out'],
  EMFILE: ['DIAL_LOCAL', 'socket: too many open files'],
  ENFILE: ['DIAL_LOCAL', 'socket: too many open files in system'],
  ENOBUFS: ['DIAL_LOCAL', 'socket: no buffer space available'],
  ENOMEM: ['DIAL_LOCAL', 'socket: cannot allocate memory'],
  EADDRNOTAVAIL: ['DIAL_LOCAL', 'connect: cannot assign requested address'],
  EADDRINUSE: ['DIAL_LOCAL', 'connect: address already in use'],
  EAGAIN: ['DIAL_LOCAL', 'connect: resource temporarily unavailable'],
  EACCES: ['DIAL_LOCAL', 'connect: permission denied'],
  EPERM: ['DIAL_LOCAL', 'connect: operation not permitted'],
  EINVAL: ['DIAL_LOCAL', 'connect: invalid argument'],
  EAFNOSUPPORT: ['DIAL_LOCAL', 'connect: address family not supported by protocol'],
};

/** Alerts and handshake errors by what their OpenSSL code ends in. */
const TLS: readonly (readonly [pattern: RegExp, code: ErrorCode, text: string])[] = [
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|HTTP_REQUEST|UNKNOWN_PROTOCOL/,
    'TLS_NOT_TLS',
    'tls: first record does not look like a TLS handshake',
  ],
  [/CERTIFICATE_REQUIRED$/, 'CERT_REJECTED_BY_ENDPOINT', 'remote error: tls: certificate required'],
  [/ALERT_BAD_CERTIFICATE$/, 'CERT_REJECTED_BY_ENDPOINT', 'remote error: tls: bad certificate'],
  [/ALERT_UNKNOWN_CA$/, 'CERT_REJECTED_BY_ENDPOINT', 'remote error: tls: unknown certificate authority'],
  [/ALERT_CERTIFICATE_UNKNOWN$/, 'CERT_REJECTED_BY_ENDPOINT', 'remote error: tls: unknown certificate'],
  [/ALERT_CERTIFICATE_EXPIRED$/, 'CERT_REJECTED_BY_ENDPOINT', 'remote error: tls: expired certificate'],
  [/ALERT_CERTIFICATE_REVOKED$/, 'CERT_REJECTED_BY_ENDPOINT', 'remote error: tls: revoked certificate'],
  [
    /ALERT_UNSUPPORTED_CERTIFICATE$/,
    'CERT_REJECTED_BY_ENDPOINT',
    'remote error: tls: unsupported certificate',
  ],
  [/ALERT_HANDSHAKE_FAILURE$/, 'TLS_HANDSHAKE_FAILURE', 'remote error: tls: handshake failure'],
  [
    /ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$|VERSION_TOO_LOW$/,
    'TLS_PROTOCOL_VERSION',
    'remote error: tls: protocol version not supported',
  ],
];

/** Texts of failures that the router raises itself, by code; others speak for themselves. */
const OWN: Partial<Record<ErrorCode, string>> = {
  TLS_HANDSHAKE_TIMEOUT: 'net/http: TLS handshake timeout',
  ENDPOINT_CLOSED: 'EOF',
  ENDPOINT_TIMEOUT: 'context deadline exceeded',
  CLIENT_GONE: 'context canceled',
  NO_ENDPOINT: 'No endpoints available',
};

/**
 * Names the failure of an attempt: by the code of the raw error, never by its prose where there is a code.
 * What is not known becomes INTERNAL, which is nobody's fault but ours.
 */
export function classifyFailure(error: unknown, context: FailureContext): AttemptFailure {
  const { reached } = context;
  if (error instanceof RouterError) {
    return { code: error.code, reached: context.reached, text: ownText(error, context) };
  }
  const raw = rawError(error);
  const certificate = certificateText(raw.error, raw.code);
  if (certificate !== undefined) {
    return { ...certificate, reached };
  }
  if (raw.code.startsWith('ERR_SSL_') || raw.code === 'EPROTO') return { ...tlsFailure(raw), reached };
  if (raw.code.startsWith('HPE_')) return { ...badResponse(raw), reached };
  switch (raw.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return {
        code: 'DIAL_NAME',
        reached,
        text: `dial tcp: lookup ${hostOf(context.address)}: no such host`,
      };
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return { code: 'TLS_HANDSHAKE_TIMEOUT', reached, text: OWN.TLS_HANDSHAKE_TIMEOUT! };
    case 'ABORT_ERR':
      return { code: 'CLIENT_GONE', reached, text: OWN.CLIENT_GONE! };
    case 'ECONNRESET':
      // Node says ECONNRESET of an orderly end as well ("socket hang up"), but then no system call failed.
      if (raw.syscall === '') return { code: 'ENDPOINT_CLOSED', reached, text: 'EOF' };
      return { code: 'ENDPOINT_RESET', reached, text: ioText('read', 'connection reset by peer', context) };
    case 'ECONNABORTED':
      return {
        code: 'ENDPOINT_RESET',
        reached,
        text: ioText('read', 'software caused connection abort', context),
      };
    case 'EPIPE':
    case 'ERR_STREAM_DESTROYED':
    case 'ERR_STREAM_PREMATURE_CLOSE':
    case 'ERR_STREAM_WRITE_AFTER_END':
      return { code: 'ENDPOINT_CLOSED', reached, text: ioText('write', 'broken pipe', context) };
    case 'ETIMEDOUT':
      // Given up by the kernel in the middle of an exchange: retransmissions went unanswered.
      if (raw.syscall === 'read' || raw.syscall === 'write') {
        return {
          code: 'ENDPOINT_RESET',
          reached,
          text: ioText(raw.syscall, 'connection timed out', context),
        };
      }
      if (raw.syscall === '')
        return { code: 'DIAL_TIMEOUT', reached, text: dialText('i/o timeout', context) };
      break;
    case 'ERR_SOCKET_CONNECTION_TIMEOUT':
      return { code: 'DIAL_TIMEOUT', reached, text: dialText('i/o timeout', context) };
  }
  const dial = DIAL[raw.code];
  if (dial !== undefined) return { code: dial[0], reached, text: dialText(dial[1], context) };
  return { code: 'INTERNAL', reached, text: raw.message };
}

/** The innermost error with a code: lanes wrap what node told them. */
function rawError(error: unknown, depth = 0): RawError {
  if (typeof error !== 'object' || error === null) {
    return { error, code: '', syscall: '', message: String(error) };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (depth < 4) {
    // Happy eyeballs: one error for each address; the first is that of the preferred one.
    if (error instanceof AggregateError && error.errors.length > 0)
      return rawError(error.errors[0], depth + 1);
    if (code === '' && 'cause' in error && error.cause !== undefined) return rawError(error.cause, depth + 1);
  }
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : '';
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  return { error, code, syscall, message };
}

function tlsFailure(raw: RawError): { code: ErrorCode; text: string } {
  // EPROTO keeps OpenSSL's reason in its message alone: `...:SSL routines::wrong version number`.
  const name = raw.code === 'EPROTO' ? opensslReason(raw.message) : raw.code;
  for (const [pattern, code, text] of TLS) {
    if (pattern.test(name)) return { code, text };
  }
  return { code: 'ENDPOINT_BAD_RESPONSE', text: `tls: ${opensslReason(raw.message).toLowerCase()}` };
}

function opensslReason(message: string): string {
  const parts = message.split(':').map((part) => part.trim());
  const routines = parts.indexOf('SSL routines');
  const reason = routines === -1 ? message : (parts[routines + 2] ?? message);
  return reason.toUpperCase().replaceAll(' ', '_').replaceAll('SSL/TLS_', '');
}

/** What node's parser says of bytes that do not begin like a response. */
const NO_RESPONSE: ReadonlySet<string> = new Set([
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_VERSION',
  'HPE_INVALID_STATUS',
  'HPE_STRICT',
]);

/** The beginning of the bytes that node's parser failed at. */
function packetOf(error: unknown): string | undefined {
  const packet = (error as { readonly rawPacket?: unknown }).rawPacket;
  return packet instanceof Uint8Array ? Buffer.from(packet.subarray(0, 200)).toString('latin1') : undefined;
}

function badResponse(raw: RawError): { code: ErrorCode; text: string } {
  if (raw.code === 'HPE_HEADER_OVERFLOW') {
    return {
      code: 'ENDPOINT_BAD_RESPONSE',
      text: 'net/http: server response headers exceeded limit; aborted',
    };
  }
  if (raw.code === 'HPE_INVALID_EOF_STATE') return { code: 'ENDPOINT_CLOSED', text: 'unexpected EOF' };
  const packet = NO_RESPONSE.has(raw.code) ? packetOf(raw.error) : undefined;
  const text = malformedResponseText(packet ?? raw.message);
  return { code: 'ENDPOINT_BAD_RESPONSE', text };
}

function ownText(error: RouterError, context: FailureContext): string {
  if (error.code === 'DIAL_TIMEOUT') return dialText('i/o timeout', context);
  if (error.code === 'ENDPOINT_RESET') return ioText('read', 'connection reset by peer', context);
  return OWN[error.code] ?? error.message;
}

function dialText(what: string, context: FailureContext): string {
  return `dial tcp ${context.address}: ${what}`;
}

function ioText(syscall: 'read' | 'write', what: string, context: FailureContext): string {
  const { localAddress, address } = context;
  const path = localAddress === undefined ? address : `${localAddress}->${address}`;
  return `${syscall} tcp ${path}: ${syscall}: ${what}`;
}

function hostOf(address: string): string {
  const host = address.slice(0, Math.max(address.lastIndexOf(':'), 0));
  return isIP(host) === 0 ? host : address;
}
