import { headerValue } from '../request/request-head.ts';
import { type IdSource, isSpanId, isTraceId, newTrace, type TraceIds } from './ids.ts';
import { withFields } from './with-fields.ts';

/** What became of the B3 fields of a head. */
export interface B3Result {
  /** The head to go on with; the same array when nothing had to change. */
  readonly headers: readonly string[];
  /** Undefined when the client's fields name no trace that could be joined. */
  readonly ids: TraceIds | undefined;
  /** What was wrong with `X-B3-*` fields that are passed on as they came; undefined = nothing. */
  readonly problem: string | undefined;
}

/** The fields that a trace is told in, for the access log. */
export const B3_FIELDS: readonly string[] = ['X-B3-TraceId', 'X-B3-SpanId', 'X-B3-ParentSpanId', 'B3'];

const ID = '[\\da-f]{16}';
const SINGLE = new RegExp(`^(${ID}|${ID}${ID})-(${ID})(?:-[01d](?:-${ID})?)?$`, 'i');
/** A decision about sampling without a trace. */
const SAMPLING_ONLY = /^[01d]$/i;
/** `X-B3-Sampled`, as it is said in `b3`. */
const SAMPLED: Readonly<Record<string, string>> = { '0': '-0', false: '-0', '1': '-1', true: '-1', '': '' };

/**
 * Joins the B3 trace of a request, or begins one (contract: http.md 4, https://github.com/openzipkin/b3-propagation).
 * No span is made for the router itself: the endpoint gets the ids that the client sent.
 */
export function traceB3(headers: readonly string[], source: IdSource): B3Result {
  const single = headerValue(headers, 'b3') ?? '';
  // Ids of zeros are nobody's trace, though the grammar allows them.
  const joined = SINGLE.exec(single);
  if (joined !== null && isTraceId(joined[1]!) && isSpanId(joined[2]!)) {
    return found(headers, joined[1]!, joined[2]!);
  }
  if (SAMPLING_ONLY.test(single)) return { headers, ids: undefined, problem: undefined };

  const traceId = headerValue(headers, 'x-b3-traceid') ?? '';
  const spanId = headerValue(headers, 'x-b3-spanid') ?? '';
  if (traceId === '' || spanId === '') {
    const ids = newTrace(source.uuid());
    const fields = [
      ...['X-B3-Traceid', ids.traceId, 'X-B3-Spanid', ids.spanId],
      ...['B3', `${ids.traceId}-${ids.spanId}`],
    ];
    return { headers: withFields(headers, fields), ids, problem: undefined };
  }

  const parent = headerValue(headers, 'x-b3-parentspanid') ?? '';
  const sampled = SAMPLED[headerValue(headers, 'x-b3-sampled') ?? ''];
  const problem = multiProblem(traceId, spanId, parent, sampled);
  if (problem !== undefined) return { headers, ids: undefined, problem };
  const sampling = headerValue(headers, 'x-b3-flags') === '1' ? '-d' : sampled;
  const b3 = `${traceId}-${spanId}${sampling}${parent === '' ? '' : `-${parent}`}`.toLowerCase();
  return found(withFields(headers, ['B3', b3]), traceId, spanId);
}

function found(headers: readonly string[], traceId: string, spanId: string): B3Result {
  return {
    headers,
    ids: { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase() },
    problem: undefined,
  };
}

function multiProblem(
  traceId: string,
  spanId: string,
  parent: string,
  sampled: string | undefined,
): string | undefined {
  if (!isTraceId(traceId)) return 'invalid X-B3-TraceId';
  if (!isSpanId(spanId)) return 'invalid X-B3-SpanId';
  if (parent !== '' && !isSpanId(parent)) return 'invalid X-B3-ParentSpanId';
  return sampled === undefined ? 'invalid X-B3-Sampled' : undefined;
}
