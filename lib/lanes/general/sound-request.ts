import type { IncomingMessage } from 'node:http';
import { type Answer, isAnswer, versionNotSupported } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import { judgedHead, type SoundRequest } from '../../request/sound-request.ts';
import { incomingHead } from './incoming-head.ts';

/**
 * The request as far as it can be understood, or what http.md 1 says to one that cannot. `upgrade`: the protocol it asks
 * to switch to. `last`: nothing may follow it on its connection.
 */
export function soundRequest(
  req: IncomingMessage,
  origin: ClientOrigin,
  upgrade: string | undefined,
  last: boolean,
): SoundRequest | Answer {
  if (req.httpVersionMajor !== 1) return versionNotSupported();
  const judged = judgedHead(incomingHead(req, origin));
  return isAnswer(judged) ? judged : { ...judged, upgrade, last };
}
