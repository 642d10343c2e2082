import type { Http2Session, Http2Stream } from 'node:http2';

/*
 * Node runs our code while it is still reading or writing a session's frames, and what is ended then may be used by it a
 * moment later. In a turn of its own nothing of the session is under way.
 */

/** Resets a stream. Without an effect when it is over by then. */
export function resetSoon(stream: Http2Stream, code: number): void {
  if (stream.destroyed || stream.closed) return;
  setImmediate(() => {
    if (!stream.destroyed && !stream.closed) stream.close(code);
  });
}

/** Ends a session and all that runs on it. */
export function destroySoon(session: Http2Session): void {
  if (!session.destroyed) setImmediate(() => session.destroy());
}
