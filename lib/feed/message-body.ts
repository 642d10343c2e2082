import { NumberText, parseKeepingNumbers } from './number-text.ts';

/** The fields of a register message under their exact names (bus.md 4). */
export interface MessageBody {
  host?: unknown;
  port?: unknown;
  tls_port?: unknown;
  uris?: unknown;
  app?: unknown;
  private_instance_id?: unknown;
  private_instance_index?: unknown;
  tags?: unknown;
  availability_zone?: unknown;
  server_cert_domain_san?: unknown;
  protocol?: unknown;
  stale_threshold_in_seconds?: unknown;
  isolation_segment?: unknown;
  route_service_url?: unknown;
  endpoint_updated_at_ns?: unknown;
  options?: unknown;
}

const NAMES: ReadonlySet<string> = new Set<keyof MessageBody>([
  'host',
  'port',
  'tls_port',
  'uris',
  'app',
  'private_instance_id',
  'private_instance_index',
  'tags',
  'availability_zone',
  'server_cert_domain_san',
  'protocol',
  'stale_threshold_in_seconds',
  'isolation_segment',
  'route_service_url',
  'endpoint_updated_at_ns',
  'options',
]);

/**
 * Some key with a number that has a fraction or an exponent. The `"` keeps it from matching inside texts; a
 * text that begins with a colon and a fraction costs one needless slow parse.
 */
const FRACTION_OR_EXPONENT = /"\s*:\s*-?\d+[.eE]/;

const TIME = '"endpoint_updated_at_ns"';
const INTEGER_VALUE = /\s*:\s*(-?\d+)/y;

/**
 * The JSON text as an object whose fields have their exact names; anything but an object as it is. Throws
 * SyntaxError for what is not JSON.
 *
 * Numbers are plain ones where a double tells all, else NumberText: Go's decoder refuses `8080.0` for a port,
 * and nanoseconds are beyond 2^53. Keeping all of them as spelled is several times the work of JSON.parse, so
 * that is done only for messages that need it.
 */
export function parseMessageBody(text: string): unknown {
  const plain: unknown = JSON.parse(text);
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) return plain;
  const body: MessageBody = plain;
  if (hasForeignSpelling(body)) return withExactNames(parseKeepingNumbers(text) as object);
  if (FRACTION_OR_EXPONENT.test(text) || isInexact(body.stale_threshold_in_seconds)) {
    return parseKeepingNumbers(text);
  }
  if (isInexact(body.endpoint_updated_at_ns)) {
    const digits = spelledTime(text);
    if (digits === undefined) return parseKeepingNumbers(text);
    body.endpoint_updated_at_ns = new NumberText(digits);
  }
  return body;
}

function isInexact(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value);
}

/**
 * The digits behind the one mention of the time stamp. Undefined when there is another mention, which may sit
 * in a nested object, or when an escape may hide one.
 */
function spelledTime(text: string): string | undefined {
  const at = text.indexOf(TIME);
  if (at === -1 || text.indexOf(TIME, at + 1) !== -1 || text.includes('\\')) return undefined;
  INTEGER_VALUE.lastIndex = at + TIME.length;
  return INTEGER_VALUE.exec(text)?.[1];
}

function hasForeignSpelling(body: object): boolean {
  for (const name in body) {
    if (!NAMES.has(name) && NAMES.has(name.toLowerCase())) return true;
  }
  return false;
}

/** Keys that differ only in case are one field: the last in the text wins, and null says nothing (as in Go). */
function withExactNames(body: object): MessageBody {
  const exact: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    const field = NAMES.has(name) ? name : name.toLowerCase();
    if (NAMES.has(field) && value !== null) exact[field] = value;
  }
  return exact;
}
