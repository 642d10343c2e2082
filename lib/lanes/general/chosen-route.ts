import { type Answer, isAnswer } from '../../request/answer.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import type { Pool } from '../../routes/pool.ts';
import { mayHttp2 } from '../http2/endpoint-sessions.ts';
import { routeOf } from '../route-of.ts';

type Choice = { readonly pool: Pool } | Answer;

/**
 * Where a request goes, looked up once: which kind of exchange it becomes depends on that, and the exchange goes by the
 * same. A bug of ours met meanwhile is the exchange's to answer and to log, so it is kept until that asks.
 */
export class ChosenRoute {
  readonly #choose: () => Choice;
  /** Whether one of the endpoints may speak HTTP/2, which http-proxy-3 does not. An upgrade has to be HTTP/1.1. */
  readonly leadsToHttp2: boolean;

  constructor({ head, route, upgrade }: SoundRequest, deps: Parameters<typeof routeOf>[2]) {
    let leadsToHttp2 = false;
    try {
      const choice = routeOf(head, route, deps);
      leadsToHttp2 = upgrade === undefined && !isAnswer(choice) && choice.pool.endpoints.some(mayHttp2);
      this.#choose = () => choice;
    } catch (error) {
      this.#choose = () => {
        throw error;
      };
    }
    this.leadsToHttp2 = leadsToHttp2;
  }

  /** The pool that serves the request, or the answer when none does. */
  get(): Choice {
    return this.#choose();
  }
}
