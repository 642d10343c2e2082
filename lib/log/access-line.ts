import { sixDigits } from '../digits.ts';
import type { AttemptTimes, RequestRecord } from '../request/record.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { AccessLogOptions, ExtraField } from './access-options.ts';
import { goEscapeBytes, goEscapeText } from './go-quote.ts';
import { loggedHost, loggedTarget } from './logged-target.ts';
import { rfc3339Nano } from './timestamp.ts';

const DASH = '"-"';

const NO_IDS = ' app_id:"-" app_index:"-" instance_id:"-"';

/**
 * One request in gorouter's text format, byte for byte (operations.md 10), without the LF. Put together from as few
 * pieces as can be, and by `+`, which asks nobody to make a text of what is one: that, and not the escaping, is what a
 * line costs.
 */
export function accessLine(record: RequestRecord, options: AccessLogOptions): string {
  const { endpoint, target, targetIsPlain, valuesArePlain: plain } = record;
  const isTargetPlain = targetIsPlain && options.redactQueryParams === 'none';
  let line =
    (plain ? record.host : loggedHost(record.host)) +
    ' - [' +
    rfc3339Nano(record.receivedAtMs) +
    '] "' +
    record.method +
    ' ' +
    (isTargetPlain ? target : loggedTarget(record.method, target, options.redactQueryParams)) +
    ' ' +
    record.protocol +
    '" ' +
    (record.status === 0 ? DASH : record.status) +
    ' ' +
    record.requestBytes +
    ' ' +
    record.responseBytes +
    ' "' +
    orDash(record.referer, plain) +
    '" "' +
    orDash(record.userAgent, plain) +
    '" "' +
    (options.logSourceIp ? orDash(record.clientAddress, plain) : '-') +
    '" "' +
    (endpoint === undefined ? '-' : textOrDash(endpoint.address)) +
    '" x_forwarded_for:"' +
    (options.logForwardedFor ? orDash(record.forwardedFor, plain) : '-') +
    '" x_forwarded_proto:"' +
    orDash(record.forwardedProto, plain) +
    '" vcap_request_id:"' +
    orDash(record.requestId, plain) +
    '" response_time:' +
    seconds(record.responseTimeMs) +
    ' gorouter_time:' +
    seconds(record.gorouterTimeMs) +
    (endpoint === undefined ? NO_IDS : ids(endpoint));
  for (const field of options.extraFields) line += ` ${field}:${extraField(field, record.attempts)}`;
  line += ` x_cf_routererror:"${orDash(record.routerError, false)}"`;
  for (let i = 0; i < options.extraHeaderLabels.length; i += 1) {
    line += ` ${options.extraHeaderLabels[i]}:"${orDash(record.extraHeaders[i] ?? '', plain)}"`;
  }
  return line;
}

function ids({ appId, instanceIndex, instanceId }: Endpoint): string {
  const app = ' app_id:"' + textOrDash(appId) + '" app_index:"' + textOrDash(instanceIndex);
  return app + '" instance_id:"' + textOrDash(instanceId) + '"';
}

/** `isPlain`: known to need no escape. */
function orDash(value: string, isPlain: boolean): string {
  if (value === '') return '-';
  return isPlain ? value : goEscapeBytes(value);
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
      return `"${orDash(attempts?.localAddress ?? '', false)}"`;
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
  return `${whole}.${sixDigits(micros - whole * 1_000_000)}`;
}
