import type { AttemptTimes, RequestRecord } from '../request/record.ts';
import type { AccessLogOptions, ExtraField } from './access-options.ts';
import { goEscapeBytes, goEscapeText } from './go-quote.ts';
import { loggedHost, loggedTarget } from './logged-target.ts';
import { rfc3339Nano } from './timestamp.ts';

const DASH = '"-"';

const NO_IDS = 'app_id:"-" app_index:"-" instance_id:"-"';

/**
 * One request in gorouter's text format, byte for byte (operations.md 10), without the LF. Put together from as few
 * pieces as can be: they, and not the escaping, are what a line costs.
 */
export function accessLine(record: RequestRecord, options: AccessLogOptions): string {
  const { endpoint } = record;
  let line =
    `${loggedHost(record.host)} - [${rfc3339Nano(record.receivedAtMs)}] "${record.method} ` +
    `${loggedTarget(record.method, record.target, options.redactQueryParams)} ${record.protocol}" ` +
    `${record.status === 0 ? DASH : record.status} ${record.requestBytes} ${record.responseBytes} ` +
    `"${orDash(record.referer)}" "${orDash(record.userAgent)}" ` +
    `"${options.logSourceIp ? orDash(record.clientAddress) : '-'}" "${endpoint === undefined ? '-' : textOrDash(endpoint.address)}" ` +
    `x_forwarded_for:"${options.logForwardedFor ? orDash(record.forwardedFor) : '-'}" ` +
    `x_forwarded_proto:"${orDash(record.forwardedProto)}" vcap_request_id:"${orDash(record.requestId)}" ` +
    `response_time:${seconds(record.responseTimeMs)} gorouter_time:${seconds(record.gorouterTimeMs)} ` +
    (endpoint === undefined
      ? NO_IDS
      : `app_id:"${textOrDash(endpoint.appId)}" app_index:"${textOrDash(endpoint.instanceIndex)}" ` +
        `instance_id:"${textOrDash(endpoint.instanceId)}"`);
  for (const field of options.extraFields) line += ` ${field}:${extraField(field, record.attempts)}`;
  line += ` x_cf_routererror:"${orDash(record.routerError)}"`;
  for (let i = 0; i < options.extraHeaderLabels.length; i += 1) {
    line += ` ${options.extraHeaderLabels[i]}:"${orDash(record.extraHeaders[i] ?? '')}"`;
  }
  return line;
}

function orDash(value: string): string {
  return value === '' ? '-' : goEscapeBytes(value);
}

function textOrDash(value: string): string {
  return value === '' ? '-' : goEscapeText(value);
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
      return `"${orDash(attempts?.localAddress ?? '')}"`;
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
