import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { isReply, redisFault } from './redis-fault.ts';
import type { RedisTarget } from './redis-target.ts';

export interface ConnectionOptions {
  /** The server is part of a Redis cluster, whose other nodes it names. */
  readonly cluster?: boolean;
  /** PEM texts, for `rediss://`. Without `ca` the runtime's own authorities count. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly serverName?: string;
    /** False: whatever certificate the server shows will do. */
    readonly rejectUnauthorized?: boolean;
  };
  /** For connecting, and for each answer. */
  readonly timeoutMs?: number;
}

/** The commands, which are the same for one server and for a cluster. */
export type RedisClient = Redis;

const DEFAULT_TIMEOUT_MS = 3000;

/**
 * A connection that is ready, or a RouterError STORE_UNAVAILABLE after `timeoutMs` at the latest. It neither
 * reconnects nor queues: once it ends, `ended` is called and all further commands reject at once.
 */
export async function connectRedis(
  target: RedisTarget,
  options: ConnectionOptions,
  ended: () => void,
): Promise<RedisClient> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const client = makeClient(target, options, timeoutMs);
  let cause: unknown;
  const note = (error: unknown): void => {
    cause = error;
  };
  // Without a listener an error event ends the process. What was asked for meanwhile rejects by itself.
  client.on('error', note);
  client.on('node error', note); // of a cluster
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([client.connect(), timeout]);
    // A SELECT that was refused does not stop the client: it would go on in database 0.
    if (isReply(cause)) throw cause;
    client.on('end', ended); // an attempt that fails ends as well
    return client;
  } catch (error) {
    client.disconnect();
    // `connect` itself only says that the connection is closed; the reason came as an event.
    throw redisFault(cause ?? error, target.shown);
  } finally {
    clearTimeout(timer);
  }
}

function makeClient(target: RedisTarget, options: ConnectionOptions, timeoutMs: number): RedisClient {
  const { ca, cert, key, serverName, rejectUnauthorized } = options.tls ?? {};
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
  const common = {
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Nothing of version 3 is needed, and servers before 6 and some proxies do not know it.
    protocol: 2,
    disableClientInfo: true,
    connectionName: 'turnout-snapshot',
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls } : {}),
  } satisfies RedisOptions;
  const place =
    target.path === undefined ? { host: target.host as string, port: target.port } : { path: target.path };
  if (options.cluster === true) {
    const cluster = new Cluster([place as { host: string; port: number }], {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: null,
      slotsRefreshTimeout: timeoutMs,
      redisOptions: common,
    });
    // Their commands are the same; the types differ in what they are declared on.
    return cluster as unknown as RedisClient;
  }
  return new Redis({
    ...common,
    ...place,
    db: target.db,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: null,
  });
}
