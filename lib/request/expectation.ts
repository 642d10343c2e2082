import { type Answer, expectationFailed } from './answer.ts';
import { headerValues, type RequestHead } from './request-head.ts';

/**
 * Whether a client waits for 100 before it sends its body, or 417 when it expects something else: the exact token
 * only, since a parser that is more generous sees another request (RFC 9110 §10.1.1). HTTP/1.0 cannot expect.
 */
export function expectation(
  head: Pick<RequestHead, 'headers' | 'versionMinor'>,
): 'none' | 'continue' | Answer {
  if (head.versionMinor === 0) return 'none';
  const values = headerValues(head.headers, 'expect');
  if (values.every((value) => value === '')) return 'none';
  return values.length === 1 && values[0]!.toLowerCase() === '100-continue'
    ? 'continue'
    : expectationFailed();
}
