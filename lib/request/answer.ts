/**
 * An answer that this router makes itself (contract: http.md 1, 3 and 11). `headers` holds all of it but
 * `Date` and `Connection`, which the lane adds; `Content-Length` counts `body` for HEAD too, where the
 * body is not sent. All texts are latin1.
 */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value, ... */
  readonly headers: readonly string[];
  readonly body: string;
  /** `X-Cf-RouterError` as the access log shows it; empty = none. */
  readonly routerError: string;
  /** What an error page says instead of `body`; undefined where there is no page for it (http.md 11). */
  readonly message?: string;
  /** Whether the client's connection ends with this answer: `Connection: close`. */
  readonly close: boolean;
}

/** Tells an answer from whatever a policy returns when it has no objection. */
export function isAnswer<T extends object>(value: T | Answer): value is Answer {
  return 'routerError' in value && 'reason' in value;
}

const NO_CACHE = 'no-cache, no-store';
const CACHE_2S = 'public,max-age=2';

/** 400: no Host, an empty one, or the client's own address. */
export function emptyHost(): Answer {
  return explained(400, 'Bad Request', 'Request had empty Host header', 'empty_host', CACHE_2S);
}

export function unknownRoute(host: string): Answer {
  return explained(
    404,
    'Not Found',
    `Requested route ('${host}') does not exist.`,
    'unknown_route',
    NO_CACHE,
  );
}

export function noEndpoints(host: string): Answer {
  const message = `Requested route ('${host}') has no available endpoints.`;
  return explained(503, 'Service Unavailable', message, 'no_endpoints', CACHE_2S);
}

/** Every endpoint of the route is at `max_conns`. */
export function connectionLimit(host: string): Answer {
  const message = `Requested route ('${host}') has reached the connection limit.`;
  return explained(503, 'Service Unavailable', message, 'Connection Limit Reached', undefined);
}

export function invalidAppInstance(): Answer {
  const message = 'Invalid X-CF-App-Instance Header';
  return explained(400, 'Bad Request', message, 'invalid_cf_app_instance_header', NO_CACHE);
}

export function unknownAppInstance(host: string, guid: string, index: string): Answer {
  const message = `Requested instance ('${index}') with guid ('${guid}') does not exist for route ('${host}')`;
  return explained(400, 'Bad Request', message, 'unknown_route', NO_CACHE);
}

export function invalidProcessInstance(): Answer {
  const message = 'Invalid X-CF-Process-Instance Header';
  return explained(400, 'Bad Request', message, 'invalid_cf_process_instance_header', NO_CACHE);
}

export function unknownProcessInstance(host: string, guid: string, index: string | undefined): Answer {
  const which = index === undefined ? 'instance' : `instance ('${index}')`;
  const message = `Requested ${which} with process guid ('${guid}') does not exist for route ('${host}')`;
  return explained(400, 'Bad Request', message, 'unknown_route', NO_CACHE);
}

/** The route asks for a route service, and this router has none to offer. */
export function routeServiceUnsupported(): Answer {
  const message = 'Support for route services is disabled.';
  return explained(502, 'Bad Gateway', message, 'route_service_unsupported', undefined);
}

/** 431: over the limits of http.md 6. The rest of such a request is not worth reading. */
export function headTooLarge(): Answer {
  const status = 'Request Header Fields Too Large';
  return { ...bare(431, status, 'max-request-size-exceeded'), close: true };
}

/** What a load balancer's User-Agent is told (http.md 3). */
export function healthCheck(healthy: boolean): Answer {
  const headers = ['Cache-Control', 'private, max-age=0', 'Expires', '0'];
  const body = healthy ? 'ok\n' : '';
  if (healthy) headers.push('Content-Type', 'text/plain; charset=utf-8');
  headers.push('Content-Length', String(body.length));
  const [status, reason] = healthy ? ([200, 'OK'] as const) : ([503, 'Service Unavailable'] as const);
  return { status, reason, headers, body, routerError: '', close: false };
}

/** A head that cannot be understood (http.md 1). `detail` becomes part of the status line. */
export function badRequest(detail?: string): Answer {
  return refused(400, detail === undefined ? 'Bad Request' : `Bad Request: ${detail}`);
}

/** `Transfer-Encoding` other than chunked. */
export function notImplemented(): Answer {
  return refused(501, 'Not Implemented', 'Unsupported transfer encoding');
}

export function versionNotSupported(): Answer {
  return refused(505, 'HTTP Version Not Supported: unsupported protocol version');
}

/** 431 for a head that is more than the router reads, whatever its limits say (http.md 1). */
export function headOverflow(): Answer {
  return refused(431, 'Request Header Fields Too Large');
}

/** `Expect` with anything but `100-continue`. */
export function expectationFailed(): Answer {
  return { ...bare(417, 'Expectation Failed', ''), close: true };
}

/** `OPTIONS *` asks about the router itself (RFC 9110 §9.3.7). */
export function optionsStar(): Answer {
  return bare(200, 'OK', '');
}

/** 408: the body comes slower than the configuration allows. What is left of it is not worth waiting for. */
export function bodyTooSlow(): Answer {
  const body = '408 Request Timeout: The body of the request came too slowly.\n';
  return { ...plainText(408, 'Request Timeout', body, 'request_body_too_slow'), close: true };
}

/** TRACE would hand the client's own credentials back to whoever made it send them. */
export function methodNotAllowed(): Answer {
  const answer = refused(405, 'Method Not Allowed');
  const allow = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'; // RFC 9110 §15.5.6 asks for it
  return { ...answer, headers: ['Allow', allow, ...answer.headers] };
}

/** HTTP/1.x with x above 1, where the connection can still carry an answer (http.md 3). */
export function unsupportedProtocol(): Answer {
  return { ...explained(400, 'Bad Request', 'Unsupported protocol', '', undefined), close: true };
}

/** An exception of our own: the client learns no more than that. */
export function unknownFailure(): Answer {
  return bare(502, 'Bad Gateway', 'unknown_failure');
}

/** 101 that nobody asked for, or to another protocol. */
export function badUpgrade(): Answer {
  return bare(502, 'Bad Gateway', '');
}

/** Text that may be sent as a field value: latin1, no control bytes, nothing that could end the line. */
export function fieldText(text: string): string {
  return /[^\x20-\x7e\x80-\xff]/.test(text) ? text.replace(/[^\x20-\x7e\x80-\xff]/g, ' ') : text;
}

/** An answer whose body is plain text of the router's own. */
export function plainText(
  status: number,
  reason: string,
  body: string,
  routerError: string,
  cacheControl?: string,
): Answer {
  const headers: string[] = [];
  if (cacheControl !== undefined) headers.push('Cache-Control', cacheControl);
  headers.push('Content-Type', 'text/plain; charset=utf-8');
  if (routerError !== '') headers.push('X-Cf-Routererror', routerError);
  headers.push('X-Content-Type-Options', 'nosniff', 'Content-Length', String(body.length));
  return { status, reason, headers, body, routerError, close: false };
}

function explained(
  status: number,
  reason: string,
  message: string,
  routerError: string,
  cacheControl: string | undefined,
): Answer {
  const text = `${status} ${reason}: ${message}\n`;
  return { ...plainText(status, reason, text, routerError, cacheControl), message };
}

function bare(status: number, reason: string, routerError: string): Answer {
  const headers = routerError === '' ? [] : ['X-Cf-Routererror', routerError];
  headers.push('Content-Length', '0');
  return { status, reason, headers, body: '', routerError, close: false };
}

function refused(status: number, reason: string, body = `${status} ${reason}`): Answer {
  const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)];
  return { status, reason, headers, body, routerError: '', close: true };
}
