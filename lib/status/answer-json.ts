import type { ServerResponse } from 'node:http';
import { answerPieces } from './answer-pieces.ts';

/** gorouter closes after each of these; scripts that read to the end rely on it. */
const HEADERS = { 'Content-Type': 'application/json', Connection: 'close' };

/** Sends a JSON text made of pieces; see answerPieces. */
export function answerJson(
  response: ServerResponse,
  pieces: Iterable<string>,
  now?: () => number,
): Promise<void> {
  return answerPieces(response, HEADERS, pieces, now);
}
