import { expect } from 'chai';
import type { IdSource } from '../../../lib/tracing/ids.ts';
import { headTracer, type TracingSettings } from '../../../lib/tracing/trace-request.ts';

const UUID = '0af76519-16cd-43dd-8448-eb211c80319c';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = '8448eb211c80319c';
const NEW_SPAN = 'b7ad6b7169203331';
const RANDOM_UUID = '11111111-1111-4111-8111-111111111111';

interface Case {
  readonly name: string;
  readonly settings?: Partial<TracingSettings>;
  /** Name, value, ... */
  readonly given: readonly string[];
  /** All of the head. */
  readonly headers: readonly string[];
  readonly requestId: string;
  readonly ids?: { readonly traceId: string; readonly spanId: string } | undefined;
  readonly problem?: string | undefined;
}

/** The first UUID is the one of a new trace, or the request id where no trace gives one. */
function traced(settings: TracingSettings, headers: readonly string[], first = UUID) {
  const uuids = [first, RANDOM_UUID];
  const source: IdSource = { uuid: () => uuids.shift()!, spanId: () => NEW_SPAN };
  return headTracer(settings, source)!(headers);
}

function check(cases: readonly Case[], settings: TracingSettings): void {
  for (const { name, settings: more, given, headers, requestId, ids, problem } of cases) {
    it(name, () => {
      expect(traced({ ...settings, ...more }, given)).to.deep.equal({ headers, requestId, ids, problem });
    });
  }
}

const BEGUN = ['X-B3-Traceid', TRACE, 'X-B3-Spanid', SPAN, 'B3', `${TRACE}-${SPAN}`];
const NEW = { requestId: UUID, ids: { traceId: TRACE, spanId: SPAN } };

describe('headTracer', () => {
  it('is nothing when nothing is to be traced', () => {
    expect(headTracer({ b3: false, w3c: false, tenant: 'x' })).to.equal(undefined);
  });

  it('draws different random ids each time', () => {
    const trace = headTracer({ b3: false, w3c: true, tenant: '' })!;
    const [a, b] = [trace([]), trace([])];
    expect(a.requestId).to.match(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(a.requestId).not.to.equal(b.requestId);
    const joined = trace(['traceparent', `00-${TRACE}-${SPAN}-01`]);
    expect(joined.ids?.spanId).to.match(/^[\da-f]{16}$/);
  });
});

const ID_64 = '463ac35c9f6413ad';
const OTHER = 'A2FB4A1D1A96D312';

describe('B3', () => {
  check(
    [
      {
        name: 'begins a trace where there is none',
        given: ['A', '1'],
        headers: ['A', '1', ...BEGUN],
        ...NEW,
      },
      {
        name: 'begins one where only one of the two ids came, and replaces it',
        given: ['x-b3-traceid', ID_64, 'A', '1', 'X-B3-SpanId', ''],
        headers: ['A', '1', ...BEGUN],
        ...NEW,
      },
      {
        name: 'begins one for an unreadable b3 without ids beside it',
        given: ['b3', 'nonsense'],
        headers: BEGUN,
        ...NEW,
      },
      ...['', '-1', '-d', '-0', `-1-${OTHER}`].map((rest) => ({
        name: `leaves b3: <trace>-<span>${rest} as it is, and everything beside it`,
        given: ['b3', `${TRACE}-${OTHER}${rest}`, 'X-B3-TraceId', 'nonsense'],
        headers: ['b3', `${TRACE}-${OTHER}${rest}`, 'X-B3-TraceId', 'nonsense'],
        requestId: UUID,
        ids: { traceId: TRACE, spanId: OTHER.toLowerCase() },
      })),
      {
        name: 'gives a random request id to a trace of 16 digits',
        given: ['b3', `${ID_64}-${OTHER}`],
        headers: ['b3', `${ID_64}-${OTHER}`],
        requestId: UUID,
        ids: { traceId: ID_64, spanId: OTHER.toLowerCase() },
      },
      {
        name: 'gives a random request id to a trace that is no UUID',
        given: ['b3', `${OTHER.toLowerCase()}${ID_64}-${OTHER}`],
        headers: ['b3', `${OTHER.toLowerCase()}${ID_64}-${OTHER}`],
        requestId: UUID,
        ids: { traceId: `${OTHER.toLowerCase()}${ID_64}`, spanId: OTHER.toLowerCase() },
      },
      ...['0', '1', 'd'].map((flag) => ({
        name: `takes b3: ${flag} for a decision, not for a trace`,
        given: ['B3', flag],
        headers: ['B3', flag],
        requestId: UUID,
      })),
      ...(
        [
          [[], ''],
          [['X-B3-Sampled', '0'], '-0'],
          [['X-B3-Sampled', 'false'], '-0'],
          [['X-B3-Sampled', '1'], '-1'],
          [['X-B3-Sampled', 'true'], '-1'],
          [['X-B3-Sampled', '0', 'X-B3-Flags', '1'], '-d'],
          [['X-B3-Flags', '0'], ''],
          [['X-B3-ParentSpanId', SPAN], `-${SPAN}`],
          [['X-B3-Sampled', '1', 'X-B3-ParentSpanId', SPAN], `-1-${SPAN}`],
        ] as const
      ).map(([more, rest]) => ({
        name: `says ${more.join(' ') || 'two ids'} in b3, too, and keeps the fields`,
        given: ['X-B3-TraceId', ID_64, 'X-B3-SpanId', OTHER, ...more, 'b3', 'unreadable'],
        headers: [
          ...['X-B3-TraceId', ID_64, 'X-B3-SpanId', OTHER, ...more],
          ...['B3', `${ID_64}-${OTHER.toLowerCase()}${rest}`],
        ],
        requestId: UUID,
        ids: { traceId: ID_64, spanId: OTHER.toLowerCase() },
      })),
      ...(
        [
          ['X-B3-TraceId', 'abc', SPAN, []],
          ['X-B3-TraceId', '0'.repeat(32), SPAN, []],
          ['X-B3-SpanId', TRACE, 'g'.repeat(16), []],
          ['X-B3-ParentSpanId', TRACE, SPAN, ['X-B3-ParentSpanId', '1']],
          ['X-B3-Sampled', TRACE, SPAN, ['X-B3-Sampled', 'yes']],
        ] as const
      ).map(([culprit, traceId, spanId, more]) => ({
        name: `leaves fields with a bad ${culprit} (${traceId.slice(0, 4)}) exactly as they are`,
        given: ['X-B3-TraceId', traceId, 'X-B3-SpanId', spanId, ...more],
        headers: ['X-B3-TraceId', traceId, 'X-B3-SpanId', spanId, ...more],
        requestId: UUID,
        problem: `invalid ${culprit}`,
      })),
    ],
    { b3: true, w3c: false, tenant: '' },
  );
});

describe('W3C trace context', () => {
  const parent = (traceId: string, spanId: string, flags = '01'): string =>
    `00-${traceId}-${spanId}-${flags}`;
  const fresh = ['Traceparent', parent(TRACE, SPAN), 'Tracestate', `gorouter=${SPAN}`];
  const joined = (tracestate: string, flags = '01'): string[] => [
    ...['Traceparent', parent(TRACE, NEW_SPAN, flags), 'Tracestate', tracestate],
  ];
  const found = { requestId: UUID, ids: { traceId: TRACE, spanId: NEW_SPAN } };
  const long = `a=${'x'.repeat(2047)}`;

  check(
    [
      {
        name: 'begins a trace where there is none',
        given: ['A', '1'],
        headers: ['A', '1', ...fresh],
        ...NEW,
      },
      ...[
        'nonsense',
        `00-${TRACE}-${SPAN}-01-`,
        `00-${TRACE}-${SPAN}`,
        `00-${'0'.repeat(32)}-${SPAN}-01`,
        `00-${TRACE}-${'0'.repeat(16)}-01`,
        ` 00-${TRACE}-${SPAN}-0`,
      ].map((traceparent) => ({
        name: `begins one for traceparent: ${traceparent}, and drops the state`,
        given: ['traceparent', traceparent, 'tracestate', 'a=1'],
        headers: fresh,
        ...NEW,
      })),
      {
        name: 'joins a trace with a span of its own, in lower case, with the same flags',
        given: ['traceparent', `cc-${TRACE.toUpperCase()}-${OTHER}-0A`],
        headers: joined(`gorouter=${NEW_SPAN}`, '0a'),
        ...found,
      },
      {
        name: 'puts its entry first and keeps the others in order',
        given: [
          ...['traceparent', parent(TRACE, SPAN), 'tracestate', ' b=2 ,gorouter=old,  t@gorouter=x'],
          ...['Tracestate', 'junk,a=1'],
        ],
        headers: joined(`gorouter=${NEW_SPAN},b=2,t@gorouter=x,a=1`),
        ...found,
      },
      {
        name: 'has a key of its own for each tenant',
        settings: { tenant: 't' },
        given: ['traceparent', parent(TRACE, SPAN), 'tracestate', 'gorouter=old,t@gorouter=x'],
        headers: joined(`t@gorouter=${NEW_SPAN},gorouter=old`),
        ...found,
      },
      {
        name: 'keeps a state of 2048 characters',
        given: ['traceparent', parent(TRACE, SPAN), 'tracestate', long.slice(0, -1)],
        headers: joined(`gorouter=${NEW_SPAN},${long.slice(0, -1)}`),
        ...found,
      },
      {
        name: 'gives up a longer one',
        given: ['traceparent', parent(TRACE, SPAN), 'tracestate', long],
        headers: joined(`gorouter=${NEW_SPAN}`),
        ...found,
      },
    ],
    { b3: false, w3c: true, tenant: '' },
  );
});

describe('B3 and W3C together', () => {
  const both: TracingSettings = { b3: true, w3c: true, tenant: '' };

  it('begin one trace', () => {
    const { headers, ...rest } = traced(both, []);
    expect(headers).to.deep.equal([
      ...BEGUN,
      ...['Traceparent', `00-${TRACE}-${SPAN}-01`, 'Tracestate', `gorouter=${SPAN}`],
    ]);
    expect(rest).to.deep.equal({ ...NEW, problem: undefined });
  });

  it('carry a found B3 trace on in a new traceparent, padded', () => {
    const { headers } = traced(both, ['b3', `${ID_64}-${OTHER}`]);
    expect(headers[3]).to.equal(`00-0000000000000000${ID_64}-${OTHER.toLowerCase()}-01`);
  });

  it('leave a traceparent that came its own trace', () => {
    const theirs = `${TRACE.slice(1)}f`;
    const { headers, ids } = traced(both, ['traceparent', `00-${theirs}-${SPAN}-00`]);
    expect(headers).to.include(`00-${theirs}-${NEW_SPAN}-00`);
    expect(ids).to.deep.equal({ traceId: TRACE, spanId: SPAN });
  });

  it('take the trace of a traceparent when B3 fields cannot be read', () => {
    const bad = ['X-B3-TraceId', 'x', 'X-B3-SpanId', 'y'];
    const { ids, requestId, problem } = traced(both, [...bad, 'traceparent', `00-${TRACE}-${SPAN}-00`]);
    expect({ ids, requestId, problem }).to.deep.equal({
      ids: { traceId: TRACE, spanId: NEW_SPAN },
      requestId: UUID,
      problem: 'invalid X-B3-TraceId',
    });
  });
});
