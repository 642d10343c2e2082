import type { Endpoint } from '../routes/endpoint.ts';

/**
 * The facts of one finished request, made by a lane and read by the access log and the counters
 * (contract: operations.md 10 and 11). Texts are as received, unescaped; empty means absent.
 */
export interface RequestRecord {
  /** `Host` as sent. */
  host: string;
  method: string;
  /** Path and query, byte for byte (latin1 code units). */
  target: string;
  /** Whether `target` is known to need no escape: see RequestHead. */
  targetIsPlain: boolean;
  /** Whether that is known of the texts that come from the request's head. */
  valuesArePlain: boolean;
  /** `HTTP/1.1`, `HTTP/1.0`, `HTTP/2.0`. */
  protocol: string;
  /** Unix ms with fraction. */
  receivedAtMs: number;
  /** Received to finished. */
  responseTimeMs: number;
  /** `responseTimeMs` less the time spent waiting for endpoints; 0 for answers made before proxying. */
  gorouterTimeMs: number;
  /** 0 when none was written. */
  status: number;
  requestBytes: number;
  responseBytes: number;
  referer: string;
  userAgent: string;
  /** `ip:port`, IPv6 in brackets. */
  clientAddress: string;
  forwardedFor: string;
  forwardedProto: string;
  requestId: string;
  /** `X-Cf-RouterError` of the answer. */
  routerError: string;
  /** The last endpoint tried. */
  endpoint: Endpoint | undefined;
  /** Values of `extra_headers_to_log`, in its order. */
  extraHeaders: readonly string[];
  attempts: AttemptTimes | undefined;
  /** `upgrade` when the request became a tunnel. */
  upgraded: boolean;
}

/** Times of the attempts, in ms; undefined = unknown (`extra_access_log_fields`). */
export interface AttemptTimes {
  failedAttempts: number;
  failedAttemptsMs: number | undefined;
  backendMs: number | undefined;
  dialMs: number | undefined;
  dnsMs: number | undefined;
  tlsMs: number | undefined;
  /** `ip:port` of the connection to the endpoint. */
  localAddress: string;
}
