import type { Endpoint, Registration } from '../routes/endpoint.ts';
import { effectiveThresholdMs } from '../routes/stale-threshold.ts';
import { type MessageBody, parseMessageBody } from './message-body.ts';
import { describe, MessageFields } from './message-fields.ts';
import { type OptionProblem, parseRouteOptions } from './route-options.ts';
import { SharedValues } from './shared-values.ts';

export interface ParseOptions {
  /** False stores `http2` as `http1` (bus.md 4). */
  readonly enableHttp2: boolean;
  /** The router's own threshold in ms, the longest an endpoint may have. */
  readonly staleThresholdMs: number;
}

export interface ParsedMessage {
  readonly ok: true;
  readonly registration: Registration;
  /** Entries of `options` that were left out. */
  readonly optionProblems: readonly OptionProblem[];
}

export interface ParseFailure {
  readonly ok: false;
  /** The field at fault; `json` when the text is not JSON, `body` when it is not an object. */
  readonly kind: string;
  readonly error: string;
}

/** Zones, segments and route services are few, endpoints are many. */
const texts = new SharedValues<string>(1024);
const tagSets = new SharedValues<Readonly<Record<string, string>>>(1024);

/**
 * A register or unregister message, as lenient and as strict as Go's JSON decoder (bus.md 4), but for
 * `options`, whose bad entries are left out alone, and for empty `uris`, which are ignored. Never throws: a
 * message that has to be dropped is a ParseFailure.
 */
export function parseRegistration(
  payload: Uint8Array | string,
  options: ParseOptions,
): ParsedMessage | ParseFailure {
  const text = typeof payload === 'string' ? payload : decode(payload);
  let body: unknown;
  try {
    body = parseMessageBody(text);
  } catch (error) {
    return { ok: false, kind: 'json', error: error instanceof Error ? error.message : String(error) };
  }
  // Go takes `null` for an empty message.
  if (body === null) body = {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    return { ok: false, kind: 'body', error: `a JSON object is expected, not ${describe(body)}` };
  }
  return interpret(body as MessageBody, new MessageFields(text.includes('\\')), options);
}

function interpret(
  body: MessageBody,
  fields: MessageFields,
  limits: ParseOptions,
): ParsedMessage | ParseFailure {
  const host = fields.text('host', body.host);
  const plainPort = fields.port('port', body.port);
  const tlsPort = fields.port('tls_port', body.tls_port);
  const port = tlsPort === 0 ? plainPort : tlsPort;
  const instanceId = fields.text('private_instance_id', body.private_instance_id);
  const san = fields.text('server_cert_domain_san', body.server_cert_domain_san);
  const protocol = fields.text('protocol', body.protocol);
  const routeServiceUrl = fields.text('route_service_url', body.route_service_url);
  const staleSeconds = fields.wholeNumber('stale_threshold_in_seconds', body.stale_threshold_in_seconds);
  const { options, problems } = parseRouteOptions(body.options);
  const uris = fields.uris(body.uris);
  const endpoint: Endpoint = {
    address: `${host}:${port}`,
    host,
    port,
    tls: tlsPort !== 0,
    appId: fields.text('app', body.app),
    instanceId,
    instanceIndex: fields.text('private_instance_index', body.private_instance_index),
    // Platforms send the instance id as SAN: one string serves both.
    serverCertDomainSan: san === instanceId ? instanceId : san,
    protocol: protocol === '' || (protocol === 'http2' && !limits.enableHttp2) ? 'http1' : protocol,
    availabilityZone: sharedText(fields.text('availability_zone', body.availability_zone)),
    isolationSegment: sharedText(fields.text('isolation_segment', body.isolation_segment)),
    routeServiceUrl: sharedText(routeServiceUrl),
    staleThresholdMs: effectiveThresholdMs(staleSeconds, limits.staleThresholdMs),
    updatedAtNs: fields.int64('endpoint_updated_at_ns', body.endpoint_updated_at_ns),
    tags: sharedTags(fields.tags(body.tags)),
    options,
  };
  if (fields.failure !== undefined)
    return { ok: false, kind: fields.failure.field, error: fields.failure.error };
  if (routeServiceUrl !== '' && !routeServiceUrl.startsWith('https')) {
    const error = 'Unable to validate message. route_service_url must be https';
    return { ok: false, kind: 'route_service_url', error };
  }
  return { ok: true, registration: { uris, endpoint }, optionProblems: problems };
}

/** Invalid UTF-8 becomes U+FFFD. A byte order mark stays, and is no JSON: TextDecoder would drop it silently. */
function decode(payload: Uint8Array): string {
  return Buffer.isBuffer(payload)
    ? payload.toString('utf8')
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}

function sharedText(text: string): string {
  // V8 keeps one copy of such short texts from JSON by itself.
  return text.length <= 10 ? text : texts.share(text, text);
}

/** Larger sets name the instance and are never met twice, so keeping them would only cost memory. */
function sharedTags(tags: Readonly<Record<string, string>> | null): Readonly<Record<string, string>> | null {
  if (tags === null) return null;
  let key = '';
  let count = 0;
  for (const name in tags) {
    count += 1;
    if (count > 2) return tags;
    key += `${name}\u0000${tags[name]}\u0000`;
  }
  return tagSets.share(key, tags);
}
