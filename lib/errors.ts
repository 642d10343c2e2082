/** Every failure code of the router, in one place: callers match codes, never prose. */
export type ErrorCode =
  // configuration and life
  | 'CONFIG_INVALID'
  | 'LISTEN_FAILED'
  | 'ACCESS_LOG_UNAVAILABLE'
  // store
  | 'STORE_UNAVAILABLE'
  | 'STORE_SCHEMA_UNKNOWN'
  | 'STORE_DAMAGED'
  // one attempt at an endpoint
  | 'DIAL_REFUSED'
  | 'DIAL_UNREACHABLE'
  | 'DIAL_TIMEOUT'
  | 'DIAL_NAME'
  | 'DIAL_LOCAL'
  | 'TLS_NOT_TLS'
  | 'TLS_HANDSHAKE_FAILURE'
  | 'TLS_HANDSHAKE_TIMEOUT'
  | 'TLS_PROTOCOL_VERSION'
  | 'CERT_NAME_MISMATCH'
  | 'CERT_UNTRUSTED'
  | 'CERT_EXPIRED'
  | 'CERT_REJECTED_BY_ENDPOINT'
  | 'ENDPOINT_CLOSED'
  | 'ENDPOINT_RESET'
  | 'ENDPOINT_STREAM_RESET'
  | 'ENDPOINT_GOAWAY'
  | 'ENDPOINT_TIMEOUT'
  | 'ENDPOINT_BAD_RESPONSE'
  | 'ENDPOINT_BAD_UPGRADE'
  | 'NO_ENDPOINT'
  | 'CLIENT_GONE'
  | 'INTERNAL';

/** Whose doing a failure was. */
export type ErrorSource = 'client' | 'endpoint' | 'router';

/**
 * How far an attempt at an endpoint got before it failed: `dialling` = no usable connection yet, `connected` =
 * a connection but no byte of the request sent, `sent` = some of the request may have been seen,
 * `responding` = the response head had arrived.
 */
export type Reached = 'none' | 'dialling' | 'connected' | 'sent' | 'responding';

/** A failure with the fields that every later decision (retry, mark, status) is made from. */
export class RouterError extends Error {
  readonly code: ErrorCode;
  readonly source: ErrorSource;
  readonly reached: Reached;

  constructor(
    code: ErrorCode,
    message: string,
    options: { source?: ErrorSource; reached?: Reached; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RouterError';
    this.code = code;
    this.source = options.source ?? 'router';
    this.reached = options.reached ?? 'none';
  }
}
