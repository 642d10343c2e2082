import { type Answer, isAnswer } from '../../request/answer.ts';
import type { Framing } from '../../request/framing.ts';
import type { RequestHead } from '../../request/request-head.ts';
import { judgedHead, type SoundRequest } from '../../request/sound-request.ts';

const CHUNKED: Framing = { kind: 'chunked' };

/**
 * The request as far as it can be understood, or what http.md 1 says to one that cannot. `received`: no body follows.
 */
export function soundRequest(head: RequestHead, received: boolean): SoundRequest | Answer {
  const judged = judgedHead(head);
  if (isAnswer(judged)) return judged;
  const { route, framing, expectsContinue } = judged;
  return {
    head,
    route,
    // The end of a body without a length is known when it comes.
    framing: framing.kind === 'none' && !received ? CHUNKED : framing,
    expectsContinue: expectsContinue && !received,
    upgrade: undefined,
    last: false,
  };
}
