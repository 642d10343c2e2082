import { constants, type Http2Stream } from 'node:http2';

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_STREAM_STATE_IDLE } = constants;

/** Between two looks at a stream whose reset waits for a peer that does not read. */
const LOOK_AGAIN_MS = 100;

/**
 * Has a stream that node is to ask for trailers destroyed no sooner than its reset has left.
 *
 * Node destroys a stream as soon as both its sides are done with, while a reset of it may still wait behind what a slow
 * peer does not read. What is left of the body comes first then; at its end node asks the destroyed stream for its
 * trailers, and that is an assertion which ends the process (Http2Stream::OnTrailers, node 26.10). Any peer could bring
 * it about, with a GOAWAY in the middle of an upload for instance.
 */
export function destroyLate(stream: Http2Stream): void {
  const destroy = stream.destroy.bind(stream);
  let waiting = false;
  const done = (): boolean => {
    const { session } = stream;
    return session === undefined || session.destroyed || isForgotten(stream);
  };
  stream.destroy = (error?: Error) => {
    if (waiting) return stream;
    if (done()) return destroy(error);
    waiting = true;
    if (!stream.closed) stream.close(NGHTTP2_INTERNAL_ERROR);
    const look = (): void => {
      if (done()) destroy(error);
      else setTimeout(look, LOOK_AGAIN_MS).unref();
    };
    setImmediate(look);
    return stream;
  };
}

/** Whether the session no longer knows it: its reset, or its end, has left. */
function isForgotten(stream: Http2Stream): boolean {
  return stream.pending || stream.state.state === NGHTTP2_STREAM_STATE_IDLE;
}
