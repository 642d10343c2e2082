import type { Logger } from '../log/logger.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import { framingHeaders } from './framing.ts';
import { type RequestFields, requestFields } from './headers-in.ts';
import { responseHeaders, responseTrace } from './headers-out.ts';
import { headerValues } from './request-head.ts';
import type { RequestSettings } from './settings.ts';
import type { SoundRequest } from './sound-request.ts';
import { stickyCookies } from './sticky.ts';
import { announcedTrailers } from './trailers.ts';

/** What both heads of one exchange are made from, besides what the other side sent. */
export interface ExchangeFacts {
  readonly request: SoundRequest;
  readonly endpoint: Endpoint;
  readonly requestId: string;
  readonly settings: RequestSettings;
  /** Unix ms when the attempt at `endpoint` began. */
  readonly attemptAtMs: number;
  /** Unix ms. A look at the clock is felt: asked only where its answer is needed. */
  readonly now: () => number;
}

/** The head towards an endpoint. */
export interface EndpointHead {
  readonly fields: RequestFields;
  /** Whether the endpoint is told that its connection carries no other request. */
  readonly closes: boolean;
}

/** `keepAlive`: whether connections to endpoints may serve more than one request at all. */
export function endpointHead(facts: ExchangeFacts, keepAlive: boolean): EndpointHead {
  const { request, endpoint, requestId, settings, attemptAtMs } = facts;
  const { head, route, framing, upgrade } = request;
  const about = framingHeaders(framing);
  if (framing.kind === 'chunked') {
    const names = announcedTrailers(headerValues(head.headers, 'trailer').join(','));
    if (names !== undefined) about.push('Trailer', names);
  }
  const closes = upgrade === undefined && !keepAlive;
  if (closes) about.push('Connection', 'close');
  const fields = requestFields(head, {
    host: route.host,
    endpoint,
    requestId,
    nowMs: attemptAtMs,
    settings,
    upgrade,
    framing: about,
  });
  return { fields, closes };
}

/** What the answer's fields depend on beyond the exchange. */
export interface AnswerFacts {
  readonly pool: Pool;
  /** Instance that the client asked for by cookie. */
  readonly requestedId: string | undefined;
  /** IMF-fixdate, for an endpoint that sent none; empty = the lane has one. */
  readonly date: () => string;
  /** Token of a 101 that is passed on. */
  readonly upgrade: string | undefined;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

/** The fields towards the client: `raw` is what the endpoint sent. */
export function clientHeaders(raw: readonly string[], facts: ExchangeFacts, answer: AnswerFacts): string[] {
  const { request, endpoint, requestId, settings, now } = facts;
  const { pool, requestedId, date, upgrade, logger } = answer;
  return responseHeaders(raw, {
    requestId,
    setCookies: stickyCookies(raw, {
      endpoint,
      pool,
      requestedId,
      requestHeaders: request.head.headers,
      requestId,
      settings,
      now,
      logger,
    }),
    trace: responseTrace(request.head.headers, settings, endpoint.address),
    routerError: '',
    date,
    upgrade,
    rewrite: settings.rewrite,
  });
}
