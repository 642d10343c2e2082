import type { IncomingMessage } from 'node:http';
import { open, type Peer, readText } from './http-call.ts';

const LIST_WITHIN_MS = 60_000;
const SUBSCRIBE_WITHIN_MS = 30_000;
const MOST = 128 * 1024 * 1024;

/** The calls of the routing API that a router makes. */
export class RoutingApi {
  readonly #peer: Peer;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** All routes, as they came. Rejects with StatusError for any answer but 200. */
  async routes(token: string | undefined, signal: AbortSignal): Promise<readonly unknown[]> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIST_WITHIN_MS)]);
    const response = await open(this.#peer, {
      method: 'GET',
      path: '/routing/v1/routes',
      headers: { accept: 'application/json', ...authorization(token) },
      signal: limit,
      withinMs: LIST_WITHIN_MS,
    });
    const list: unknown = JSON.parse(await readText(response, MOST, limit));
    // Go writes an empty list as null.
    if (list === null) return [];
    if (!Array.isArray(list)) throw new Error('a list of routes is expected');
    return list;
  }

  /** The stream of events, once the API has agreed to send them. */
  events(token: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    return open(this.#peer, {
      method: 'GET',
      path: '/routing/v1/events',
      headers: { accept: 'text/event-stream', 'cache-control': 'no-cache', ...authorization(token) },
      signal,
      withinMs: SUBSCRIBE_WITHIN_MS,
    });
  }
}

function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `bearer ${token}` };
}
