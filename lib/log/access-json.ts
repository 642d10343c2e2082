import type { AttemptTimes, RequestRecord } from '../request/record.ts';
import type { AccessLogOptions, ExtraField } from './access-options.ts';
import { decodeBytes } from './go-quote.ts';
import { loggedTarget } from './logged-target.ts';
import { rfc3339Nano } from './timestamp.ts';

/**
 * One request as one JSON object without the LF: the text format's names, times in seconds. What is empty or
 * unknown there is `null` here, so that every line has the same members.
 */
export function accessJson(record: RequestRecord, options: AccessLogOptions): string {
  const endpoint = record.endpoint;
  const line: Record<string, unknown> = {
    timestamp: rfc3339Nano(record.receivedAtMs),
    host: bytes(record.host),
    method: record.method,
    target: loggedTarget(record.method, record.target, options.redactQueryParams),
    protocol: record.protocol,
    status: record.status === 0 ? null : record.status,
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
    referer: bytes(record.referer),
    user_agent: bytes(record.userAgent),
    client_address: options.logSourceIp ? bytes(record.clientAddress) : null,
    endpoint_address: text(endpoint?.address),
    x_forwarded_for: options.logForwardedFor ? bytes(record.forwardedFor) : null,
    x_forwarded_proto: bytes(record.forwardedProto),
    vcap_request_id: bytes(record.requestId),
    response_time: seconds(record.responseTimeMs),
    gorouter_time: seconds(record.gorouterTimeMs),
    app_id: text(endpoint?.appId),
    app_index: text(endpoint?.instanceIndex),
    instance_id: text(endpoint?.instanceId),
    upgraded: record.upgraded,
  };
  for (const field of options.extraFields) line[field] = extraField(field, record.attempts);
  line.x_cf_routererror = bytes(record.routerError);
  if (options.extraHeaderLabels.length > 0) {
    // Apart, because a header may have the name of a field.
    line.headers = Object.fromEntries(
      options.extraHeaderLabels.map((label, i) => [label, bytes(record.extraHeaders[i] ?? '')]),
    );
  }
  return JSON.stringify(line);
}

function bytes(value: string): string | null {
  return value === '' ? null : decodeBytes(value);
}

function text(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}

function extraField(field: ExtraField, attempts: AttemptTimes | undefined): number | string | null {
  switch (field) {
    case 'backend_time':
      return known(attempts?.backendMs);
    case 'dial_time':
      return known(attempts?.dialMs);
    case 'dns_time':
      return known(attempts?.dnsMs);
    case 'tls_time':
      return known(attempts?.tlsMs);
    case 'failed_attempts':
      return attempts?.failedAttempts ?? 0;
    case 'failed_attempts_time':
      return known(attempts?.failedAttemptsMs);
    case 'local_address':
      return bytes(attempts?.localAddress ?? '');
    default:
      return null;
  }
}

function known(ms: number | undefined): number | null {
  return ms === undefined ? null : seconds(ms);
}

/** Seconds to the microsecond. */
function seconds(ms: number): number {
  return ms > 0 ? Math.round(ms * 1000) / 1e6 : 0;
}
