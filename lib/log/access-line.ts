import type { AttemptTimes, RequestRecord } from '../request/record.ts';
import type { AccessLogOptions, ExtraField } from './access-options.ts';
import { goQuoteBytes, goQuoteText } from './go-quote.ts';
import { loggedHost, loggedTarget } from './logged-target.ts';
import { rfc3339Nano } from './timestamp.ts';

const DASH = '"-"';

/** One request in gorouter's text format, byte for byte (operations.md 10), without the LF. */
export function accessLine(record: RequestRecord, options: AccessLogOptions): string {
  const endpoint = record.endpoint;
  let line =
    `${loggedHost(record.host)} - [${rfc3339Nano(record.receivedAtMs)}] ` +
    `"${record.method} ${loggedTarget(record.method, record.target, options.redactQueryParams)} ${record.protocol}" ` +
    `${record.status === 0 ? DASH : record.status} ${record.requestBytes} ${record.responseBytes} ` +
    `${quoted(record.referer)} ${quoted(record.userAgent)} ` +
    `${options.logSourceIp ? quoted(record.clientAddress) : DASH} ` +
    `${endpoint === undefined ? DASH : quotedText(endpoint.address)} ` +
    `x_forwarded_for:${options.logForwardedFor ? quoted(record.forwardedFor) : DASH} ` +
    `x_forwarded_proto:${quoted(record.forwardedProto)} vcap_request_id:${quoted(record.requestId)} ` +
    `response_time:${seconds(record.responseTimeMs)} gorouter_time:${seconds(record.gorouterTimeMs)} `;
  line +=
    endpoint === undefined
      ? 'app_id:"-" app_index:"-" instance_id:"-"'
      : `app_id:${quotedText(endpoint.appId)} app_index:${quotedText(endpoint.instanceIndex)} ` +
        `instance_id:${quotedText(endpoint.instanceId)}`;
  for (const field of options.extraFields) line += ` ${field}:${extraField(field, record.attempts)}`;
  line += ` x_cf_routererror:${quoted(record.routerError)}`;
  for (let i = 0; i < options.extraHeaderLabels.length; i += 1) {
    line += ` ${options.extraHeaderLabels[i]}:${quoted(record.extraHeaders[i] ?? '')}`;
  }
  return line;
}

function quoted(value: string): string {
  return value === '' ? DASH : goQuoteBytes(value);
}

function quotedText(value: string): string {
  return value === '' ? DASH : goQuoteText(value);
}

function extraField(field: ExtraField, attempts: AttemptTimes | undefined): string {
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
      return String(attempts?.failedAttempts ?? 0);
    case 'failed_attempts_time':
      return known(attempts?.failedAttemptsMs);
    case 'local_address':
      return quoted(attempts?.localAddress ?? '');
    default:
      return DASH;
  }
}

function known(ms: number | undefined): string {
  return ms === undefined ? DASH : seconds(ms);
}

/** Seconds with six decimals. By hand, because `toFixed` would be a fifth of the cost of a line. */
function seconds(ms: number): string {
  // A clock that was set back must not write a sign into the middle of a number.
  const micros = ms > 0 ? Math.round(ms * 1000) : 0;
  const whole = Math.floor(micros / 1_000_000);
  return `${whole}.${String(1_000_000 + (micros - whole * 1_000_000)).slice(1)}`;
}
