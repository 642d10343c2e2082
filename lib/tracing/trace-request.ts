import { randomBytes, randomUUID } from 'node:crypto';
import { traceB3 } from './b3.ts';
import { type IdSource, type TraceIds, uuidOf } from './ids.ts';
import { tracestateKey, traceW3c } from './w3c.ts';

export interface TracingSettings {
  /** `tracing.enable_zipkin`. */
  readonly b3: boolean;
  /** `tracing.enable_w3c`. */
  readonly w3c: boolean;
  /** `tracing.w3c_tenant_id`; empty = none. */
  readonly tenant: string;
}

/** A head whose trace was joined or begun. */
export interface TracedHead {
  readonly headers: readonly string[];
  /** `X-Vcap-Request-Id`: the trace id where it looks like a UUID, else random. */
  readonly requestId: string;
  /** For log lines; undefined when no trace could be joined. */
  readonly ids: TraceIds | undefined;
  /** See B3Result. */
  readonly problem: string | undefined;
}

export type TraceHead = (headers: readonly string[]) => TracedHead;

const RANDOM: IdSource = { uuid: randomUUID, spanId: () => randomBytes(8).toString('hex') };

/** What traces the requests of this configuration; undefined when nothing is to be traced. */
export function headTracer(settings: TracingSettings, source: IdSource = RANDOM): TraceHead | undefined {
  const { b3, w3c, tenant } = settings;
  if (!b3 && !w3c) return undefined;
  const key = tracestateKey(tenant);
  return (incoming) => {
    let headers = incoming;
    let ids: TraceIds | undefined;
    let problem: string | undefined;
    if (b3) ({ headers, ids, problem } = traceB3(headers, source));
    if (w3c) {
      const traced = traceW3c(headers, key, ids, source);
      headers = traced.headers;
      ids ??= traced.ids;
    }
    const requestId = (ids === undefined ? undefined : uuidOf(ids.traceId)) ?? source.uuid();
    return { headers, requestId, ids, problem };
  };
}
