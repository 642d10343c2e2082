/** How query strings appear in the access log: `logging.redact_query_params`. */
export type QueryRedaction = 'none' | 'all' | 'hash';

/**
 * Names of `extra_access_log_fields` (operations.md 10, newer.md 6). Those from `tls_sni` on belong to mutual TLS per
 * domain, which this router does not do: they are always `"-"`.
 */
export const EXTRA_FIELDS = [
  'backend_time',
  'dial_time',
  'dns_time',
  'tls_time',
  'failed_attempts',
  'failed_attempts_time',
  'local_address',
  'tls_sni',
  'caller_cf_app',
  'caller_cf_space',
  'caller_cf_org',
  'route_policy',
] as const;

export type ExtraField = (typeof EXTRA_FIELDS)[number];

export interface AccessLogSettings {
  /** `logging.disable_log_forwarded_for`. */
  readonly disableLogForwardedFor: boolean;
  /** `logging.disable_log_source_ip`. */
  readonly disableLogSourceIp: boolean;
  readonly redactQueryParams: QueryRedaction;
  /** `logging.extra_access_log_fields`, as configured. */
  readonly extraFields: readonly string[];
  /** `extra_headers_to_log`, as configured. */
  readonly extraHeaders: readonly string[];
}

/** The settings, made ready once so that a line costs little. */
export interface AccessLogOptions {
  readonly logForwardedFor: boolean;
  readonly logSourceIp: boolean;
  readonly redactQueryParams: QueryRedaction;
  readonly extraFields: readonly ExtraField[];
  /** `X-B3-TraceId` is `x_b3_traceid` in the log. */
  readonly extraHeaderLabels: readonly string[];
}

/** Unknown extra fields are ignored, doubled ones count once, the order is kept. */
export function accessLogOptions(settings: AccessLogSettings): AccessLogOptions {
  const known = (name: string): name is ExtraField => (EXTRA_FIELDS as readonly string[]).includes(name);
  return {
    logForwardedFor: !settings.disableLogForwardedFor,
    logSourceIp: !settings.disableLogSourceIp,
    redactQueryParams: settings.redactQueryParams,
    extraFields: [...new Set(settings.extraFields)].filter(known),
    extraHeaderLabels: settings.extraHeaders.map((name) => name.toLowerCase().replaceAll('-', '_')),
  };
}
