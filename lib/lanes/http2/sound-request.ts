import { type Answer, isAnswer } from '../../request/answer.ts';
import { expectation } from '../../request/expectation.ts';
import { type Framing, requestFraming } from '../../request/framing.ts';
import { requestHost } from '../../request/host.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { SoundRequest } from '../../request/sound-request.ts';

const CHUNKED: Framing = { kind: 'chunked' };

/**
 * The request as far as it can be understood, or what http.md 1 says to one that cannot. `received`: no body follows.
 */
export function soundRequest(head: RequestHead, received: boolean): SoundRequest | Answer {
  const route = requestHost(head);
  if (isAnswer(route)) return route;
  const expected = expectation(head);
  if (typeof expected !== 'string') return expected;
  const framing = requestFraming(head);
  if (isAnswer(framing)) return framing;
  return {
    head,
    route,
    // The end of a body without a length is known when it comes.
    framing: framing.kind === 'none' && !received ? CHUNKED : framing,
    expectsContinue: expected === 'continue' && !received,
    upgrade: undefined,
    last: false,
  };
}
