import type { Logger } from '../log/logger.ts';
import { open, type Peer, readText, StatusError } from './http-call.ts';

/** Where the tokens for the routing API come from. */
export interface Tokens {
  /** A token that is good for now; undefined where none is needed. `rejected`: one that is good no longer. */
  token(signal: AbortSignal, rejected?: string): Promise<string | undefined>;
}

export interface TokenFetcherOptions {
  readonly uaa: Peer;
  readonly clientName: string;
  readonly clientSecret: string;
  /** Tries after the first. */
  readonly maxRetries: number;
  readonly retryMs: number;
  /** So long before its end a token is not used any more. */
  readonly bufferMs: number;
  readonly logger: Logger;
  /** Unix ms. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

const WITHIN_MS = 30_000;
const MOST = 1024 * 1024;

/** Tokens of the platform's UAA by client credentials (RFC 6749 §4.4), each kept until shortly before its end. */
export class TokenFetcher implements Tokens {
  readonly #options: TokenFetcherOptions;
  #token: { readonly text: string; readonly untilMs: number } | undefined;
  #fetching: Promise<string> | undefined;

  constructor(options: TokenFetcherOptions) {
    this.#options = options;
  }

  /** Rejects when all tries failed, with the last error. */
  token(signal: AbortSignal, rejected?: string): Promise<string> {
    const known = this.#token;
    if (known !== undefined && known.text !== rejected && this.#options.now() < known.untilMs) {
      return Promise.resolve(known.text);
    }
    // All who ask meanwhile wait for the same one.
    this.#fetching ??= this.#fetch(signal).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(signal: AbortSignal): Promise<string> {
    const { maxRetries, retryMs, pause, logger } = this.#options;
    for (let retry = 0; ; retry += 1) {
      try {
        return await this.#ask(signal);
      } catch (error) {
        if (retry >= maxRetries || signal.aborted) throw error;
        logger.debug('retrying-to-fetch-token', { error, retry: retry + 1 });
        await pause(retryMs, signal);
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<string> {
    const { uaa, clientName, clientSecret, bufferMs, now } = this.#options;
    // RFC 6749 §2.3.1: both are form-encoded first, so that a colon may be part of the name.
    const credentials = `${formEncoded(clientName)}:${formEncoded(clientSecret)}`;
    const call = {
      method: 'POST',
      path: '/oauth/token',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
      signal,
      withinMs: WITHIN_MS,
    } as const;
    const askedMs = now();
    const answer: unknown = JSON.parse(await readText(await open(uaa, call), MOST, signal));
    const { access_token: text, expires_in: seconds } = (answer ?? {}) as Record<string, unknown>;
    if (typeof text !== 'string' || text === '') throw new Error('the token server sent no access_token');
    const lifeMs = typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : 0;
    this.#token = { text, untilMs: askedMs + lifeMs - bufferMs };
    return text;
  }
}

/** Whether an answer means that the token is good no longer. */
export function isUnauthorized(error: unknown): boolean {
  return error instanceof StatusError && error.status === 401;
}

function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}
