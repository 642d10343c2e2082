import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

const WRITE_LENGTH = 64 * 1024;
/** The event loop is also the feed's and the supervisor's. */
const SLICE_MS = 4;

/**
 * Sends a text made of pieces, as fast as the client reads and in slices between which everything else gets its turn.
 * Resolves when all is sent or the client is gone. `now` in ms.
 */
export async function answerPieces(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  pieces: Iterable<string>,
  now = () => performance.now(),
): Promise<void> {
  response.writeHead(200, headers);
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  let text = '';
  let sliceEnd = now() + SLICE_MS;
  for (const piece of pieces) {
    text += piece;
    if (text.length >= WRITE_LENGTH) {
      if (!response.write(text)) await drained(response);
      text = '';
    }
    if (now() >= sliceEnd) {
      await turn();
      sliceEnd = now() + SLICE_MS;
    }
    if (response.destroyed) return;
  }
  response.end(text);
}

async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  const settled = new AbortController();
  const { signal } = settled;
  // The one that does not come is given up; its rejection says nothing.
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).catch(
    () => {},
  );
  settled.abort();
}
