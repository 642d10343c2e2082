import type { ReceivedHead } from '../http1/lines-text.ts';
import { type Answer, isAnswer } from './answer.ts';
import { expectation } from './expectation.ts';
import { type Framing, requestFraming } from './framing.ts';
import { type RequestHost, requestHost } from './host.ts';
import type { RequestHead } from './request-head.ts';

export interface ReceivedRequest extends ReceivedHead {
  readonly target: string;
}

/** A request whose head was found sound. */
export interface SoundRequest {
  readonly head: RequestHead;
  /** The head as it came, where it came as text. */
  readonly received?: ReceivedRequest;
  readonly route: RequestHost;
  readonly framing: Framing;
  /** Whether the client waits for 100 before it sends its body. */
  readonly expectsContinue: boolean;
  /** Protocol that the client asks to switch to. */
  readonly upgrade: string | undefined;
  /** Whether nothing may follow it on its connection. */
  readonly last: boolean;
}

/** What a head says of its request, or the answer to one that cannot be understood (contract: http.md 1). */
export function judgedHead(
  head: RequestHead,
): Pick<SoundRequest, 'head' | 'route' | 'framing' | 'expectsContinue'> | Answer {
  const framing = requestFraming(head);
  if (isAnswer(framing)) return framing;
  const route = requestHost(head);
  if (isAnswer(route)) return route;
  const expected = expectation(head);
  if (typeof expected !== 'string') return expected;
  return { head, route, framing, expectsContinue: expected === 'continue' };
}
