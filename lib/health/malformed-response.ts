import { goEscapeBytes } from '../log/go-quote.ts';

/** Of what an endpoint said instead of a status line; the rest would not fit a header of ours. */
const SHOWN_BYTES = 100;

/** gorouter's words for an answer that does not begin like one: `start` is what came, latin1. */
export function malformedResponseText(start: string): string {
  const line = /^[^\r\n]*/.exec(start)![0].slice(0, SHOWN_BYTES);
  return `net/http: HTTP/1.x transport connection broken: malformed HTTP response "${goEscapeBytes(line)}"`;
}
