import type { RequestHead } from '../../lib/request/request-head.ts';
import type { RequestSettings } from '../../lib/request/settings.ts';

/** An ordinary request; `headers` replaces all of them. */
export function aHead(fields: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'GET',
    target: '/',
    versionMinor: 1,
    headers: ['Host', 'app.example.com'],
    clientIp: '203.0.113.9',
    clientPort: 51_544,
    tls: false,
    clientCertificate: '',
    ...fields,
  };
}

/** The settings of an empty configuration file; `fields` replaces some of them. */
export function requestSettings(fields: Partial<RequestSettings> = {}): RequestSettings {
  return {
    forceForwardedProtoHttps: false,
    sanitizeForwardedProto: false,
    forwardedClientCert: 'always_forward',
    hopByHopHeadersToFilter: new Set(),
    stickyCookieNames: new Set(['JSESSIONID']),
    stickyForAuthNegotiate: false,
    secureCookies: false,
    healthcheckUserAgent: 'HTTP-Monitor/1.1',
    maxRequestHeaderBytes: 1_048_576,
    maxRequestHeaders: 0,
    maxResponseHeaderBytes: 10_485_760,
    responseHeadProblem: undefined,
    maxAttempts: 1,
    maxConns: 0,
    defaultAlgorithm: 'round-robin',
    zonePreference: 'none',
    zone: '',
    emptyPoolCode503: false,
    traceKey: '',
    routerIp: '192.0.2.1',
    staleThresholdMs: 120_000,
    disableKeepAlives: true,
    extraHeadersToLog: [],
    trace: undefined,
    rewrite: undefined,
    errorPage: undefined,
    upgradeProtocols: undefined,
    ...fields,
  };
}

/** The value of each field with that name, in any case. */
export function valuesOf(headers: readonly string[], lowerName: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === lowerName);
}
