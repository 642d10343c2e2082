import { maxConnsShare } from '../balance/max-conns-share.ts';
import { timerMs } from '../config/duration.ts';
import { errorPage } from '../config/error-page.ts';
import type { Config } from '../config/schema.ts';
import type { ListenerSettings } from '../front/front.ts';
import { type AccessLogOptions, accessLogOptions } from '../log/access-options.ts';
import { LARGEST_RESPONSE_HEAD, responseHeadCheck } from '../request/response-limits.ts';
import { headerRewrite } from '../request/rewrite.ts';
import type { RequestSettings } from '../request/settings.ts';
import { cipherText } from '../tls/cipher-suites.ts';
import { frontTls } from '../tls/front-tls.ts';
import { B3_FIELDS } from '../tracing/b3.ts';
import { headTracer } from '../tracing/trace-request.ts';
import { W3C_FIELDS } from '../tracing/w3c.ts';

const MIB = 1024 * 1024;

/** What the policies read, from the configuration and this worker's place among the others. */
export function requestSettings(
  config: Config,
  place: {
    readonly slot: number;
    readonly workers: number;
    readonly routerIp: string;
    /** From loadErrorPage; empty = none. */
    readonly errorPage: string;
  },
): RequestSettings {
  return {
    forceForwardedProtoHttps: config.force_forwarded_proto_https,
    sanitizeForwardedProto: config.sanitize_forwarded_proto,
    forwardedClientCert: config.forwarded_client_cert,
    hopByHopHeadersToFilter: new Set(config.hop_by_hop_headers_to_filter.map((name) => name.toLowerCase())),
    stickyCookieNames: new Set(config.sticky_session_cookie_names),
    stickyForAuthNegotiate: config.sticky_sessions_for_auth_negotiate,
    secureCookies: config.secure_cookies,
    healthcheckUserAgent: config.healthcheck_user_agent,
    maxRequestHeaderBytes: config.max_request_header_bytes,
    maxRequestHeaders: config.max_request_headers,
    maxResponseHeaderBytes: Math.min(
      config.max_response_header_bytes || LARGEST_RESPONSE_HEAD,
      LARGEST_RESPONSE_HEAD,
    ),
    responseHeadProblem: responseHeadCheck(config.max_response_header_bytes, config.max_response_headers),
    maxAttempts: config.backends.max_attempts,
    maxConns: maxConnsShare(config.backends.max_conns, place.workers, place.slot),
    defaultAlgorithm: config.balancing_algorithm,
    zonePreference: config.balancing_algorithm_az_preference,
    zone: config.zone,
    emptyPoolCode503: config.empty_pool_response_code_503,
    traceKey: config.trace_key,
    routerIp: place.routerIp,
    staleThresholdMs: config.droplet_stale_threshold,
    disableKeepAlives: config.disable_keep_alives,
    extraHeadersToLog: headersToLog(config),
    upgradeProtocols:
      config.upgrade_protocols.length === 0
        ? undefined
        : new Set(config.upgrade_protocols.map((name) => name.toLowerCase())),
    trace: headTracer({
      b3: config.tracing.enable_zipkin,
      w3c: config.tracing.enable_w3c,
      tenant: config.tracing.w3c_tenant_id,
    }),
    rewrite: headerRewrite({
      remove: config.http_rewrite.responses.remove_headers.map(({ name }) => name),
      addIfAbsent: config.http_rewrite.responses.add_headers_if_not_present,
    }),
    errorPage: errorPage(place.errorPage),
  };
}

/** Limits of the connections to endpoints. Times in ms, 0 = no limit. */
export function endpointConnectionSettings(config: Config) {
  const { cert_chain, private_key } = config.backends;
  return {
    dialTimeoutMs: timerMs(config.endpoint_dial_timeout),
    websocketDialTimeoutMs: timerMs(config.websocket_dial_timeout),
    endpointTimeoutMs: timerMs(config.http_1_endpoint_timeout || config.endpoint_timeout),
    http2EndpointTimeoutMs: timerMs(config.http_2_endpoint_timeout || config.endpoint_timeout),
    tlsHandshakeTimeoutMs: timerMs(config.tls_handshake_timeout),
    maxIdle: config.max_idle_conns,
    maxIdlePerHost: config.max_idle_conns_per_host,
    idleTimeoutMs: 90_000,
    disableKeepAlives: config.disable_keep_alives,
    keepAliveProbeMs: timerMs(config.endpoint_keep_alive_probe_interval),
    ca: config.ca_certs,
    ...(cert_chain !== '' && private_key !== '' ? { cert: cert_chain, key: private_key } : {}),
    // The suites of the listener hold for endpoints, its versions do not (tls.md 3, 5).
    ...(config.enable_ssl ? { ciphers: cipherText(config.cipher_suites, false) } : {}),
  };
}

/** For a TLS handshake where `read_header_timeout` has no limit: nobody may hold a socket for ever. */
const HANDSHAKE_WITHIN_MS = 30_000;

/** The listeners and what stands behind them. */
export function listenerSettings(config: Config): ListenerSettings {
  return {
    plain: !config.disable_http,
    tls: frontTls(config),
    proxyProtocol: config.enable_proxy,
    handshakeTimeoutMs: timerMs(config.read_header_timeout) || HANDSHAKE_WITHIN_MS,
  };
}

/** Limits of the connections from clients. Times in ms, 0 = no limit. */
export function frontSettings(config: Config) {
  const { min_request_body_rate: bytesPerSecond, request_body_rate_window } = config.workers;
  return {
    bodyRate:
      bytesPerSecond > 0 ? { bytesPerSecond, windowMs: timerMs(request_body_rate_window) } : undefined,
    idleTimeoutMs: timerMs(config.frontend_idle_timeout),
    headTimeoutMs: timerMs(config.read_header_timeout),
    // The policy answers 431 for what is over the configured limit; the parser only has to hold it.
    maxHeaderBytes: MIB + 4096,
  };
}

/** Whether anything shows requests by app: `/varz` as a page of its own, or `router.active_apps`. */
export function countsTraffic({ status, publish_active_apps_interval: everyMs }: Config): boolean {
  const component = status.enable_nontls_health_checks && status.enable_deprecated_varz_healthz_endpoints;
  return component || everyMs > 0;
}

export function accessLogSettings(config: Config): AccessLogOptions {
  return accessLogOptions({
    disableLogForwardedFor: config.logging.disable_log_forwarded_for,
    disableLogSourceIp: config.logging.disable_log_source_ip,
    redactQueryParams: config.logging.redact_query_params,
    extraFields: config.logging.extra_access_log_fields,
    extraHeaders: headersToLog(config),
  });
}

/** The configured ones first, then those of the tracing systems that are on (http.md 4). */
function headersToLog({ extra_headers_to_log: configured, tracing }: Config): readonly string[] {
  return [
    ...configured,
    ...(tracing.enable_zipkin ? B3_FIELDS : []),
    ...(tracing.enable_w3c ? W3C_FIELDS : []),
  ];
}
