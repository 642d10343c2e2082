import { headerValue, headerValues } from '../request/request-head.ts';
import { type IdSource, isSpanId, isTraceId, newTrace, type TraceIds } from './ids.ts';
import { withFields } from './with-fields.ts';

export interface W3cResult {
  readonly headers: readonly string[];
  /** The trace, with the span that the endpoint sees as its parent. */
  readonly ids: TraceIds;
}

/** The fields that a trace is told in, for the access log. */
export const W3C_FIELDS: readonly string[] = ['traceparent', 'tracestate'];

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/i;
/** An incoming tracestate that is longer is given up (contract: http.md 4). */
const LONGEST_TRACESTATE = 2048;
const ROUTER = 'gorouter';

/** The router's own key in `tracestate`. */
export function tracestateKey(tenant: string): string {
  return tenant === '' ? ROUTER : `${tenant}@${ROUTER}`;
}

/**
 * Joins the W3C trace of a request with a span of the router's own, or begins one (contract: http.md 4, W3C Trace
 * Context §3). `known`: a trace found or made by another system, for a new traceparent.
 */
export function traceW3c(
  headers: readonly string[],
  key: string,
  known: TraceIds | undefined,
  source: IdSource,
): W3cResult {
  const match = TRACEPARENT.exec(headerValue(headers, 'traceparent') ?? '');
  // W3C Trace Context §3.2.2.3: ids of zeros make the field invalid.
  if (match === null || !isTraceId(match[1]!) || !isSpanId(match[2]!)) {
    const { traceId, spanId } = known ?? newTrace(source.uuid());
    const ids = { traceId: traceId.padStart(32, '0'), spanId };
    return { headers: withTrace(headers, ids, '01', `${key}=${spanId}`), ids };
  }
  const ids = { traceId: match[1]!.toLowerCase(), spanId: source.spanId() };
  const own = `${key}=${ids.spanId}`;
  const others = otherEntries(headerValues(headers, 'tracestate').join(','), key);
  const tracestate = others === '' ? own : `${own},${others}`;
  return { headers: withTrace(headers, ids, match[3]!.toLowerCase(), tracestate), ids };
}

function withTrace(headers: readonly string[], ids: TraceIds, flags: string, tracestate: string): string[] {
  const traceparent = `00-${ids.traceId}-${ids.spanId}-${flags}`;
  return withFields(headers, ['Traceparent', traceparent, 'Tracestate', tracestate]);
}

/** The entries of the systems before us, in their order; ours of an earlier passage is replaced. */
function otherEntries(tracestate: string, key: string): string {
  if (tracestate.length > LONGEST_TRACESTATE) return '';
  return tracestate
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry.includes('=') && entry.slice(0, entry.indexOf('=')) !== key)
    .join(',');
}
