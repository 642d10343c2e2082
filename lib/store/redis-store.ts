import { setImmediate as nextTurn } from 'node:timers/promises';
import { RouterError } from '../errors.ts';
import type { ConnectionOptions, RedisClient } from './redis.ts';
import { isReply, redisFault } from './redis-fault.ts';
import { META_FIELD, type RedisKeys, redisKeys } from './redis-keys.ts';
import { parseMeta, pickPeer, SCHEMA_VERSION, type SnapshotMeta } from './redis-peers.ts';
import { parseRedisUrl, type RedisTarget } from './redis-target.ts';
import { MAX_CLOCK_SKEW_MS } from './restore.ts';
import { routeId } from './route-id.ts';
import type { LoadedSnapshot, SnapshotBatch, SnapshotStore, StoredRoute } from './store.ts';
import { decodeRoute, encodeRoute } from './stored-route.ts';

export interface RedisStoreOptions extends ConnectionOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  /** Begins every key, with a colon behind it; may not contain braces. */
  readonly keyPrefix: string;
  /** Names this router's snapshot: stable over restarts, and no other router's. */
  readonly routerId: string;
}

interface Timing {
  /** Peers' snapshots older than this are not looked at. */
  readonly maxAgeMs: number;
  readonly now: () => number;
}

/** Entries decoded in one turn, or put into one command: 3 ms. */
const FIELDS_AT_A_TIME = 1000;
/** A server's time for one answer is shared by all its clients; a load's is mostly the number of answers. */
const SCAN_COUNT = 2000;
const UPKEEP_EVERY_MS = 60_000;
const MIN_LIFE_MS = 3_600_000;
const MAX_PEERS = 8;

/**
 * Keeps the snapshot in a hash of a Redis server, where other routers find it too.
 *
 * The client neither reconnects nor queues by itself: what fails is rejected at once, and the keeper calls `open`
 * again in its own time. A transaction resent in part over a second connection would not be one.
 */
export class RedisStore implements SnapshotStore {
  readonly kind = 'redis';
  readonly #options: RedisStoreOptions;
  readonly #timing: Timing;
  readonly #target: RedisTarget;
  readonly #keys: RedisKeys;
  readonly #key: string;
  #client: RedisClient | undefined;
  /** There is a snapshot of ours, so that finding none means that the server lost it. */
  #stored = false;
  #upkeepAtMs = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws CONFIG_INVALID for a URL, key prefix or router id that cannot be used. */
  constructor(options: RedisStoreOptions, timing: Timing) {
    this.#options = options;
    this.#timing = timing;
    this.#target = parseRedisUrl(options.url);
    const { ca, cert, key } = options.tls ?? {};
    if ((ca ?? cert ?? key) !== undefined && !this.#target.tls) {
      throw new RouterError(
        'CONFIG_INVALID',
        `snapshot.redis.url ${this.#target.shown} has no TLS to use certificates with: rediss:// has`,
      );
    }
    if (options.routerId === '')
      throw new RouterError('CONFIG_INVALID', 'snapshot.redis: the router id is empty');
    this.#keys = redisKeys(options.keyPrefix);
    this.#key = this.#keys.snapshot(options.routerId);
  }

  open(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#client !== undefined) return;
      // Only now: who keeps no snapshot in Redis need not wait for its client to be read in.
      const { connectRedis } = await import('./redis.ts');
      const client = await connectRedis(this.#target, this.#options, () => {
        if (this.#client === client) this.#client = undefined;
      });
      this.#client = client;
      await this.#using(async () => {
        const type = await client.type(this.#key);
        if (type !== 'none' && type !== 'hash') {
          const advice = 'remove it, or set another snapshot.redis.key_prefix';
          throw new RouterError(
            'STORE_DAMAGED',
            `redis at ${this.#target.shown}: ${this.#key} is a ${type}, not a snapshot: ${advice}`,
          );
        }
        const meta = parseMeta(await client.hget(this.#key, META_FIELD));
        if (meta !== undefined && meta.schema > SCHEMA_VERSION) {
          throw new RouterError(
            'STORE_SCHEMA_UNKNOWN',
            `redis at ${this.#target.shown}: ${this.#key} was written by a newer version (schema ${meta.schema}, this one knows ` +
              `${SCHEMA_VERSION}) and is left as it is: remove it, or set another snapshot.redis.key_prefix`,
          );
        }
      }).catch((error: unknown) => {
        this.#drop();
        throw error;
      });
    });
  }

  load(): Promise<LoadedSnapshot | undefined> {
    return this.#inTurn(() =>
      this.#using(async (client) => {
        const { routerId } = this.#options;
        const meta = parseMeta(await client.hget(this.#key, META_FIELD));
        const routes = (await client.hlen(this.#key)) - 1;
        const own = pickPeer([{ routerId, meta, routes }], this.#timing.now(), this.#timing.maxAgeMs);
        if (own !== undefined) return this.#read(client, routerId, own.meta);
        const peer = await this.#findPeer(client);
        if (peer !== undefined) return this.#read(client, peer.routerId, peer.meta);
        if (meta === undefined && (await client.exists(this.#key)) === 0) return undefined;
        return this.#read(client, routerId, meta);
      }),
    );
  }

  /** The batch leaves in one piece: a stall of 1 ms for each 1000 entries, so callers keep to a few thousand. */
  write(batch: SnapshotBatch): Promise<void> {
    return this.#inTurn(() =>
      this.#using(async (client) => {
        const multi = client.multi().hexists(this.#key, META_FIELD);
        for (const ids of slices(batch.remove)) {
          multi.hdel(this.#key, ...ids.map((gone) => routeId(gone.key, gone.address)));
        }
        for (const routes of slices(batch.put)) {
          if (routes.length === FIELDS_AT_A_TIME) await nextTurn();
          multi.hset(
            this.#key,
            ...routes.flatMap((r) => [routeId(r.key, r.endpoint.address), encodeRoute(r)]),
          );
        }
        multi.hset(
          this.#key,
          META_FIELD,
          JSON.stringify({ schema: SCHEMA_VERSION, savedMs: batch.savedAtMs }),
        );
        const results = (await multi.exec()) ?? [];
        // EXEC runs what follows a failed command all the same: the first error is the one that tells.
        for (const [error] of results) if (error !== null) throw error;
        const wasThere = results[0]?.[1] === 1;
        await this.#upkeep(client, batch.savedAtMs);
        if (this.#stored && !wasThere) {
          this.#stored = false;
          throw new RouterError(
            'STORE_DAMAGED',
            `redis at ${this.#target.shown} has lost ${this.#key}: restarted, flushed, or short of memory`,
          );
        }
        this.#stored = true;
      }),
    );
  }

  clear(): Promise<void> {
    return this.#inTurn(() =>
      this.#using(async (client) => {
        await client.zrem(this.#keys.index, this.#options.routerId);
        // What lies there may be someone else's, if it is not a hash: then the next write fails, and says so.
        if ((await client.type(this.#key)) === 'hash') await client.unlink(this.#key);
        this.#stored = false;
      }),
    );
  }

  close(): Promise<void> {
    return this.#inTurn(async () => this.#drop());
  }

  /** The index entry, and that both it and the snapshot go when this router does not come back. */
  async #upkeep(client: RedisClient, savedAtMs: number): Promise<void> {
    if (savedAtMs > 0) await client.zadd(this.#keys.index, savedAtMs, this.#options.routerId);
    const nowMs = this.#timing.now();
    if (this.#stored && nowMs - this.#upkeepAtMs < UPKEEP_EVERY_MS) return;
    const lifeMs = Math.max(3 * this.#timing.maxAgeMs, MIN_LIFE_MS);
    await client.pexpire(this.#key, lifeMs);
    await client.zremrangebyscore(this.#keys.index, '-inf', nowMs - lifeMs);
    this.#upkeepAtMs = nowMs;
  }

  async #findPeer(client: RedisClient): Promise<{ routerId: string; meta: SnapshotMeta } | undefined> {
    const nowMs = this.#timing.now();
    const { maxAgeMs } = this.#timing;
    const newest = nowMs + MAX_CLOCK_SKEW_MS;
    const ids = await client.zrevrangebyscore(
      this.#keys.index,
      newest,
      nowMs - maxAgeMs,
      'LIMIT',
      0,
      MAX_PEERS + 1,
    );
    const peers = await Promise.all(
      ids
        .filter((id) => id !== this.#options.routerId)
        .map(async (routerId) => {
          const key = this.#keys.snapshot(routerId);
          const meta = parseMeta(await client.hget(key, META_FIELD).catch(skipReply));
          const fields = await client.hlen(key).catch(skipReply);
          return { routerId, meta, routes: (fields ?? 0) - 1 };
        }),
    );
    return pickPeer(peers, nowMs, maxAgeMs);
  }

  async #read(
    client: RedisClient,
    routerId: string,
    meta: SnapshotMeta | undefined,
  ): Promise<LoadedSnapshot> {
    const key = this.#keys.snapshot(routerId);
    const own = routerId === this.#options.routerId;
    const fields = await client.hlen(key);
    let routes: StoredRoute[] = [];
    const damaged = new Map<string, string>();
    const ask = (cursor: string) => client.hscan(key, cursor, 'COUNT', SCAN_COUNT);
    for (let asked = ask('0'); ; ) {
      const [cursor, flat] = await asked;
      const done = cursor === '0';
      if (!done) {
        asked = ask(cursor); // travels while we decode
        asked.catch(() => undefined); // awaited above, unless decoding throws first
      }
      for (let i = 0; i < flat.length; i += 2) {
        // A small hash comes whole, whatever the count.
        if (i > 0 && i % (2 * FIELDS_AT_A_TIME) === 0) await nextTurn();
        const id = flat[i] as string;
        if (id === META_FIELD) continue;
        const route = decodeRoute(id, flat[i + 1] as string);
        if (typeof route === 'string') damaged.set(id, route);
        else routes.push(route);
      }
      if (done) break;
      await nextTurn();
    }
    // A scan may give a field twice while the hash is being resized (Redis documentation of SCAN).
    if (routes.length > fields) {
      routes = [...new Map(routes.map((r) => [routeId(r.key, r.endpoint.address), r])).values()];
    }
    if (own) {
      this.#stored = meta !== undefined;
      for (const ids of slices([...damaged.keys()])) {
        // Failing that, they are met and listed again at the next start.
        await client.hdel(key, ...ids).catch(() => undefined);
      }
    }
    const complaints = [...damaged.values()];
    if (meta === undefined) complaints.push(`${key} has no date that can be read`);
    return {
      savedAtMs: meta?.savedAtMs ?? 0,
      routes,
      damaged: complaints,
      origin: routerId,
      own,
    };
  }

  async #using<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === undefined)
      throw new RouterError('STORE_UNAVAILABLE', `redis at ${this.#target.shown}: not connected`);
    try {
      return await work(client);
    } catch (error) {
      // A server that was silent too long may still answer, and the answer would be taken for that to a later call.
      if (!(error instanceof RouterError) && !isReply(error)) this.#drop();
      throw redisFault(error, this.#target.shown);
    }
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.disconnect();
  }

  /** One call after the other: a clear must not overtake a write. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined); // its caller has the rejection
    return result;
  }
}

function* slices<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let i = 0; i < all.length; i += FIELDS_AT_A_TIME) yield all.slice(i, i + FIELDS_AT_A_TIME);
}

/** A peer whose key is of another type, or not ours to read, is passed over. */
function skipReply(error: unknown): null {
  if (isReply(error)) return null;
  throw error;
}
