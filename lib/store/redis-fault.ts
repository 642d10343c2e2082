import { RouterError } from '../errors.ts';

/** The first word of an error reply is its code, in capitals (Redis protocol specification, "Simple errors"). */
const ADVICE: Readonly<Record<string, string>> = {
  NOAUTH: 'it wants a password: put one into snapshot.redis.url',
  WRONGPASS: 'it refuses the user or password of snapshot.redis.url',
  NOPERM: 'its access list does not allow this user what the snapshot needs',
  READONLY: 'it is a read-only replica: name the primary in snapshot.redis.url',
  OOM: 'it is out of memory: raise its maxmemory',
  MISCONF: 'it cannot write its own disk and refuses writes',
  LOADING: 'it is still loading its data',
  MASTERDOWN: 'it is a replica that has lost its primary',
  MOVED: 'it is part of a cluster: set snapshot.redis.cluster',
  CLUSTERDOWN: 'its cluster is down',
  WRONGTYPE:
    'a key of the snapshot holds something else: remove it, or set another snapshot.redis.key_prefix',
};

/** What a failure of Redis means. `shown` = the server's URL without password. */
export function redisFault(error: unknown, shown: string): RouterError {
  if (error instanceof RouterError) return error;
  const detail = deepest(error);
  const advice = ADVICE[replyCode(detail) ?? ''];
  const code = replyCode(detail) === 'WRONGTYPE' ? 'STORE_DAMAGED' : 'STORE_UNAVAILABLE';
  return new RouterError(code, `redis at ${shown}: ${advice === undefined ? '' : `${advice}: `}${detail}`, {
    cause: error,
  });
}

/** Whether the server itself answered, so that the connection is sound. */
export function isReply(error: unknown): boolean {
  return replyCode(deepest(error)) !== undefined;
}

/** An aborted transaction says only that it was; the reasons hang on it. */
function deepest(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const inner = error as {
    previousErrors?: unknown[];
    lastNodeError?: unknown;
    message?: unknown;
    code?: unknown;
  };
  if (inner.previousErrors?.[0] !== undefined) return deepest(inner.previousErrors[0]);
  if (inner.lastNodeError) return deepest(inner.lastNodeError);
  // A refused connection to a name with several addresses has its text in `code` alone.
  return String(inner.message || inner.code || 'failed');
}

function replyCode(text: string): string | undefined {
  return /^([A-Z]{3,}) /.exec(text)?.[1];
}
