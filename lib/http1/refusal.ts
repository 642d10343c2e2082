import {
  type Answer,
  badRequest,
  headOverflow,
  unsupportedProtocol,
  versionNotSupported,
} from '../request/answer.ts';
import {
  AMBIGUOUS_CODING,
  BAD_FIELD_NAME,
  BAD_FIELD_VALUE,
  BAD_LINE_END,
  FOLDED_FIELD,
  TOO_MANY_FIELDS,
} from './field-lines.ts';

/** Which rule a request broke: for logs, tests, and the one answer that depends on it (`minor version`). */
export type RefusalReason =
  | 'request line'
  | 'version'
  | 'major version'
  /** HTTP/1.x with x above 1: the contract has a shorter answer where bytes can be written (http.md 3). */
  | 'minor version'
  | 'field name'
  | 'field value'
  | 'folded field'
  | 'line end'
  | 'head size'
  | 'field count'
  | 'framing'
  | 'transfer coding'
  | 'expectation';

/** A request that is answered without being understood; its connection ends with that. */
export interface Refusal {
  readonly kind: 'refuse';
  readonly status: 400 | 417 | 431 | 501 | 505;
  readonly reason: RefusalReason;
  readonly answer: Answer;
}

export function refusal(reason: RefusalReason, answer: Answer): Refusal {
  return { kind: 'refuse', status: answer.status as Refusal['status'], reason, answer };
}

export const BAD_REQUEST_LINE: Refusal = refusal('request line', badRequest());
export const BAD_REQUEST_LINE_END: Refusal = refusal('line end', badRequest());
export const BAD_VERSION: Refusal = refusal('version', badRequest());
export const BAD_MAJOR_VERSION: Refusal = refusal('major version', versionNotSupported());
export const BAD_MINOR_VERSION: Refusal = refusal('minor version', unsupportedProtocol());
export const HEAD_TOO_LONG: Refusal = refusal('head size', headOverflow());

const FIELD_REFUSALS: Readonly<Record<number, Refusal>> = {
  [BAD_FIELD_NAME]: refusal('field name', badRequest('invalid header name')),
  [BAD_FIELD_VALUE]: refusal('field value', badRequest()),
  [FOLDED_FIELD]: refusal('folded field', badRequest()),
  [BAD_LINE_END]: refusal('line end', badRequest()),
  [AMBIGUOUS_CODING]: refusal('framing', badRequest()),
  [TOO_MANY_FIELDS]: refusal('field count', headOverflow()),
};

/** What a negative result of `FieldLines.read`, other than incomplete, means for a request. */
export function fieldRefusal(code: number): Refusal {
  return FIELD_REFUSALS[code]!;
}
