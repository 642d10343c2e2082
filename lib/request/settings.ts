import type { ErrorPage } from '../error-page/template.ts';
import type { Algorithm } from '../routes/pool.ts';
import type { TraceHead } from '../tracing/trace-request.ts';
import type { ForwardedClientCert } from './forwarded-client-cert.ts';
import type { ResponseHeadCheck } from './response-limits.ts';
import type { HeaderRewrite } from './rewrite.ts';

/** Everything that the policies of a request read from the configuration, derived once at start. */
export interface RequestSettings {
  readonly forceForwardedProtoHttps: boolean;
  readonly sanitizeForwardedProto: boolean;
  readonly forwardedClientCert: ForwardedClientCert;
  /** Lower-case names that a client's `Connection` cannot have removed (`hop_by_hop_headers_to_filter`). */
  readonly hopByHopHeadersToFilter: ReadonlySet<string>;
  /** Exact, case-sensitive. Empty = no sticky sessions. */
  readonly stickyCookieNames: ReadonlySet<string>;
  readonly stickyForAuthNegotiate: boolean;
  readonly secureCookies: boolean;
  /** Empty: requests without User-Agent are health checks. */
  readonly healthcheckUserAgent: string;
  /** Effective: 1 to 1 MiB. */
  readonly maxRequestHeaderBytes: number;
  /** 0 = unlimited. */
  readonly maxRequestHeaders: number;
  /** Effective: 1 to LARGEST_RESPONSE_HEAD, for parsers. */
  readonly maxResponseHeaderBytes: number;
  /** Undefined = no limits but that. */
  readonly responseHeadProblem: ResponseHeadCheck | undefined;
  /** Effective: at least 1. */
  readonly maxAttempts: number;
  /** This worker's share of `backends.max_conns` (maxConnsShare); 0 = unlimited. */
  readonly maxConns: number;
  /** `balancing_algorithm`: also serves requests of hashed routes that have nothing to hash. */
  readonly defaultAlgorithm: Algorithm;
  readonly zonePreference: 'none' | 'locally-optimistic';
  readonly zone: string;
  readonly emptyPoolCode503: boolean;
  /** Empty = off. */
  readonly traceKey: string;
  /** What `X-Vcap-Router` says. */
  readonly routerIp: string;
  /** `droplet_stale_threshold`; a failure mark lasts a quarter of it. */
  readonly staleThresholdMs: number;
  readonly disableKeepAlives: boolean;
  /** `extra_headers_to_log`, and the fields of the tracing systems that are on. */
  readonly extraHeadersToLog: readonly string[];
  /** Undefined = no tracing. */
  readonly trace: TraceHead | undefined;
  /** Lower-case names of protocols to which a connection may be switched (`upgrade_protocols`); undefined = any. */
  readonly upgradeProtocols: ReadonlySet<string> | undefined;
  /** `http_rewrite`; undefined = nothing to change. */
  readonly rewrite: HeaderRewrite | undefined;
  /** `html_error_template_file`; undefined = plain text. */
  readonly errorPage: ErrorPage | undefined;
}
