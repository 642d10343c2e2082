/** The trace that a request belongs to, lower-case hex. */
export interface TraceIds {
  /** 16 or 32 digits. */
  readonly traceId: string;
  /** 16 digits. */
  readonly spanId: string;
}

/** Where ids come from; arguments, so that a test can say what they are. */
export interface IdSource {
  /** A random UUID v4. */
  uuid(): string;
  /** 16 random hex digits. */
  spanId(): string;
}

const ZEROS = /^0+$/;
const HEX_16 = /^[\da-f]{16}$/i;
const HEX_32 = /^[\da-f]{32}$/i;

/** A new trace: the request id is its UUID, the span the low half of it (contract: http.md 4). */
export function newTrace(uuid: string): TraceIds {
  const traceId = uuid.replaceAll('-', '');
  return { traceId, spanId: traceId.slice(16) };
}

/** A trace id in the form of a UUID; undefined when it has another length or its version digit is not 1 to 5. */
export function uuidOf(traceId: string): string | undefined {
  if (!HEX_32.test(traceId) || traceId[12]! < '1' || traceId[12]! > '5') return undefined;
  const hex = traceId.toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Whether a text is an id of 16 digits, not all of them zero: zeros stand for no id in every tracing system. */
export function isSpanId(text: string): boolean {
  return HEX_16.test(text) && !ZEROS.test(text);
}

/** The same with 32 digits allowed. */
export function isTraceId(text: string): boolean {
  return (HEX_16.test(text) || HEX_32.test(text)) && !ZEROS.test(text);
}
