import { type ChoiceContext, chooseEndpoint } from '../balance/choose-endpoint.ts';
import type { HashWalk } from '../balance/hash-walk.ts';
import { hasId } from '../balance/sticky-pick.ts';
import { unixMsAt } from '../clock.ts';
import { type Reached, RouterError } from '../errors.ts';
import { type AttemptFailure, classifyFailure } from '../health/classify-failure.ts';
import type { EndpointStates } from '../health/endpoint-states.ts';
import type { InFlightCount } from '../health/in-flight.ts';
import { routeEndpointData } from '../health/route-endpoint-data.ts';
import { endpointVerdict } from '../health/verdict.ts';
import type { Logger } from '../log/logger.ts';
import { countAttempt } from '../request/count-request.ts';
import type { Counters } from '../request/counters.ts';
import { hashWalk } from '../request/hash-walk.ts';
import type { AttemptTimes } from '../request/record.ts';
import type { RequestHead } from '../request/request-head.ts';
import { isReplayable, mayReplaceConnection, mayRetry, mayTry } from '../request/retry.ts';
import { THROW_AWAY_KEY } from '../request/route-choice.ts';
import type { RequestSettings } from '../request/settings.ts';
import { negotiateId, stickyId } from '../request/sticky.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import type { Pool } from '../routes/pool.ts';
import { clientGone } from './attempt-errors.ts';
import { logChoice, logFailedAttempt, type NamedAttempt } from './attempt-log.ts';
import type { DialTimes } from './dial.ts';

/** A connection to an endpoint, whichever lane's, as an attempt sees it. */
export interface AttemptConnection {
  readonly times: DialTimes;
  /** `ip:port` of our side. */
  readonly localAddress: string;
  /** Exchanges completed on it: 0 = fresh. */
  readonly uses: number;
  /** Whether the endpoint has sent anything since the lease began. */
  readonly answered: boolean;
  /** By all requests on it so far. */
  readonly bytesWritten: number;
  destroy(): void;
}

/** Where connections come from. */
export interface AttemptConnections<C> {
  readonly keepAlive: boolean;
  /** An idle connection that looks alive, or undefined. */
  takeIdle(endpoint: Endpoint): C | undefined;
  /** `timeoutMs`: for lookup and connect, in place of what is set for all. */
  dial(endpoint: Endpoint, signal: AbortSignal, timeoutMs?: number): Promise<C>;
}

export interface AttemptDeps<C extends AttemptConnection> {
  readonly states: EndpointStates;
  readonly connections: AttemptConnections<C>;
  readonly settings: RequestSettings;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly onEndpointFailed: (key: string, address: string, verdict: 'mark' | 'prune', error: string) => void;
  /** One attempt, its connection included; 0 = no limit. */
  readonly endpointTimeoutMs: number;
  /** For lookup and connect; undefined = as set for all connections. */
  readonly dialTimeoutMs?: number;
  /** Unix ms. */
  readonly now: () => number;
  readonly random: () => number;
}

/** An endpoint and a connection to it, for one attempt. */
export interface Lease<C> {
  readonly endpoint: Endpoint;
  readonly connection: C;
  readonly attempt: number;
  /** Whether the connection has served before. */
  readonly reused: boolean;
  /** Bytes that earlier requests wrote on it. */
  readonly bytesBefore: number;
  /** performance.now() when the attempt began. */
  readonly startedAt: number;
}

/** What an exchange knows when its lease came to nothing. */
export interface LeaseFailure {
  readonly error: unknown;
  readonly bodyIntact: boolean;
  readonly clientGone: boolean;
}

/**
 * The attempts of one request, one after the other: chooses endpoints, obtains connections, and has a failure
 * classified, logged, reported and judged. All the deciding is done by the policies.
 */
export class Attempts<C extends AttemptConnection> {
  /** Instance that the client asked for by cookie. */
  readonly requestedId: string | undefined;
  readonly replayable: boolean;
  /** The last endpoint chosen. */
  endpoint: Endpoint | undefined;
  readonly #deps: AttemptDeps<C>;
  readonly #pool: Pool;
  readonly #requestId: string;
  readonly #mandatoryId: string | undefined;
  readonly #endpointCount: number;
  /** Addresses of the attempts before this one. */
  #tried: Set<string> | undefined;
  /** Only where the route is hashed. */
  readonly #hash: HashWalk | undefined;
  #attempt = 0;
  #replaced = false;
  #inFlight: InFlightCount | undefined;
  #dialling: AbortController | undefined;
  #lastFailure: AttemptFailure | undefined;
  #startedAt: number | undefined;
  #attemptAt = 0;
  #attemptAtMs = 0;
  #failures = 0;
  #lastFailedAt = 0;
  #succeededAt: number | undefined;
  #lastConnection: C | undefined;
  #lastReused = false;

  constructor(deps: AttemptDeps<C>, head: RequestHead, pool: Pool, hasBody: boolean, requestId: string) {
    this.#deps = deps;
    this.#pool = pool;
    this.#requestId = requestId;
    this.#endpointCount = pool.endpoints.length;
    this.#mandatoryId = negotiateId(head.headers, deps.settings);
    this.requestedId = this.#mandatoryId ?? stickyId(head.headers, deps.settings);
    this.replayable = isReplayable(head.method, head.headers, hasBody);
    this.#hash =
      pool.settings.algorithm === 'hash'
        ? hashWalk(head, pool, deps.settings, (level, message, data) => deps.logger[level](message, data))
        : undefined;
  }

  /** performance.now() when the first attempt began. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** Unix ms when the last attempt began. */
  get attemptAtMs(): number {
    return this.#attemptAtMs;
  }

  /**
   * The next attempt, with those that found no connection behind it; the failure to report when there is none. At once
   * when an idle connection serves, which is nearly always: a promise per request is felt.
   */
  lease(): Lease<C> | AttemptFailure | Promise<Lease<C> | AttemptFailure> {
    const endpoint = this.#choose();
    if (endpoint === undefined) return this.#lastFailure ?? this.#noEndpoint();
    const idle = this.#deps.connections.takeIdle(endpoint);
    if (idle !== undefined) return this.#leased(endpoint, idle);
    return this.#dialled(endpoint);
  }

  /** Has an endpoint picked for the log, and does not contact it (contract: http.md 6). */
  pickForLog(): void {
    this.#lookAtClock();
    this.endpoint = chooseEndpoint(this.#pool, this.#context(1));
  }

  /** The response head came: it no longer counts as a connection of its endpoint (registry.md 9). */
  responded(): void {
    this.#settle();
    this.#succeededAt = this.#attemptAt;
  }

  /**
   * Judges a lease that ended without a response head. `retry`: ask for another lease; a Lease: the same attempt on
   * a fresh connection; else the failure to report. The connection is destroyed.
   */
  failed(
    lease: Lease<C>,
    failure: LeaseFailure,
  ): 'retry' | AttemptFailure | Promise<'retry' | Lease<C> | AttemptFailure> {
    const { connection } = lease;
    const sent = connection.bytesWritten > lease.bytesBefore;
    const reached: Reached = connection.answered ? 'responding' : sent ? 'sent' : 'connected';
    connection.destroy();
    const classified = this.#classify(failure, lease.endpoint, reached, connection.localAddress);
    const { reused } = lease;
    const { bodyIntact, clientGone } = failure;
    if (!clientGone && mayReplaceConnection(classified, { reused, replaced: this.#replaced, bodyIntact })) {
      this.#replaced = true;
      return this.#dial(lease.endpoint);
    }
    return this.#judge(classified, failure, lease.endpoint, lease);
  }

  /** Ends a dial that nobody waits for any more. */
  abort(reason: RouterError): void {
    this.#dialling?.abort(reason);
  }

  /** The answer began and will not be whole: the endpoint is too slow, or gone. */
  answerCut(
    lease: Lease<C>,
    why: 'backend-request-timeout' | 'backend-response-incomplete',
    error: string,
  ): void {
    this.#deps.logger.error(why, {
      'route-endpoint': routeEndpointData(lease.endpoint),
      error,
      vcap_request_id: this.#requestId,
    });
  }

  /** Whatever became of the request: it counts no longer. */
  close(): void {
    this.#settle();
  }

  /** Undefined when no attempt was made. `endedAt` by performance.now(). */
  times(endedAt: number): AttemptTimes | undefined {
    if (this.#startedAt === undefined) return undefined;
    const connection = this.#lastConnection;
    const succeeded = this.#succeededAt !== undefined && connection !== undefined;
    const made = succeeded && !this.#lastReused ? connection.times : { dnsMs: 0, dialMs: 0, tlsMs: 0 };
    return {
      failedAttempts: this.#failures,
      failedAttemptsMs: this.#failures === 0 ? undefined : this.#lastFailedAt - this.#startedAt,
      backendMs: this.#succeededAt === undefined ? undefined : endedAt - this.#succeededAt,
      dialMs: succeeded ? made.dialMs : undefined,
      dnsMs: succeeded ? made.dnsMs : undefined,
      tlsMs: succeeded ? made.tlsMs : undefined,
      localAddress: connection?.localAddress ?? '',
    };
  }

  async #dialled(endpoint: Endpoint): Promise<Lease<C> | AttemptFailure> {
    const result = await this.#dial(endpoint);
    return result === 'retry' ? this.lease() : result;
  }

  #choose(): Endpoint | undefined {
    this.#attempt += 1;
    if (this.endpoint !== undefined) {
      this.#tried ??= new Set();
      this.#tried.add(this.endpoint.address);
    }
    this.#lookAtClock();
    const endpoint = chooseEndpoint(this.#pool, this.#context(this.#attempt));
    if (endpoint === undefined) {
      const data = { host: this.#pool.key, error: 'No endpoints available' };
      this.#deps.logger.error('select-endpoint-failed', data);
      return undefined;
    }
    const { requestedId } = this;
    if (this.#attempt === 1 && requestedId !== undefined && !hasId(endpoint, requestedId)) {
      this.#deps.logger.debug('endpoint-missing-choosing-alternate', { 'requested-endpoint': requestedId });
    }
    if (this.#tried !== undefined && !mayTry(this.#attempt, this.#pool, endpoint, this.#tried))
      return undefined;

    const { counters, states } = this.#deps;
    countAttempt(counters, endpoint, this.#attempt > 1);
    this.endpoint = endpoint;
    const { logger } = this.#deps;
    if (logger.enabled('debug')) logChoice(logger, this.#pool, this.#named(endpoint));
    this.#startedAt ??= this.#attemptAt;
    this.#inFlight = states.begin(endpoint);
    return endpoint;
  }

  /** Once for an attempt: each look is felt. */
  #lookAtClock(): void {
    this.#attemptAt = performance.now();
    this.#attemptAtMs = unixMsAt(this.#attemptAt);
  }

  #context(attempt: number): ChoiceContext {
    const { states, random, settings } = this.#deps;
    const local = settings.zonePreference === 'locally-optimistic' && attempt === 1;
    return {
      states,
      nowMs: this.#attemptAtMs,
      random,
      maxConns: settings.maxConns,
      attempt,
      localZone: local ? settings.zone : undefined,
      tried: this.#tried,
      hash: this.#hash,
      stickyId: this.requestedId,
      mandatoryId: this.#mandatoryId,
    };
  }

  async #dial(endpoint: Endpoint): Promise<'retry' | Lease<C> | AttemptFailure> {
    const dialling = new AbortController();
    this.#dialling = dialling;
    const { endpointTimeoutMs, dialTimeoutMs } = this.#deps;
    const late = (): void => dialling.abort(new RouterError('ENDPOINT_TIMEOUT', 'no connection in time'));
    const timer = endpointTimeoutMs > 0 ? setTimeout(late, endpointTimeoutMs) : undefined;
    try {
      return this.#leased(
        endpoint,
        await this.#deps.connections.dial(endpoint, dialling.signal, dialTimeoutMs),
      );
    } catch (error) {
      const clientGone = error instanceof RouterError && error.code === 'CLIENT_GONE';
      const failure: LeaseFailure = { error, bodyIntact: true, clientGone };
      return this.#judge(
        this.#classify(failure, endpoint, 'dialling', undefined),
        failure,
        endpoint,
        undefined,
      );
    } finally {
      clearTimeout(timer);
      this.#dialling = undefined;
    }
  }

  #leased(endpoint: Endpoint, connection: C): Lease<C> {
    this.#lastConnection = connection;
    this.#lastReused = connection.uses > 0;
    return {
      endpoint,
      connection,
      attempt: this.#attempt,
      reused: connection.uses > 0,
      bytesBefore: connection.bytesWritten,
      startedAt: this.#attemptAt,
    };
  }

  #classify(
    failure: LeaseFailure,
    endpoint: Endpoint,
    reached: Reached,
    localAddress: string | undefined,
  ): AttemptFailure {
    const cause = failure.clientGone ? clientGone() : failure.error;
    return classifyFailure(cause, { tls: endpoint.tls, reached, address: endpoint.address, localAddress });
  }

  #judge(
    classified: AttemptFailure,
    { bodyIntact, clientGone }: LeaseFailure,
    endpoint: Endpoint,
    lease: Lease<C> | undefined,
  ): 'retry' | AttemptFailure {
    this.#settle();
    this.#failures += 1;
    this.#lastFailedAt = performance.now();
    this.#lastFailure = classified;
    const retry = mayRetry({
      failure: classified,
      replayable: this.replayable,
      bodyIntact,
      attempt: this.#attempt,
      maxAttempts: this.#deps.settings.maxAttempts,
      clientGone,
    });
    logFailedAttempt(this.#deps.logger, this.#named(endpoint), classified, {
      endpointCount: this.#endpointCount,
      lease,
      retriable: retry,
    });
    this.#report(classified, endpoint);
    return retry ? 'retry' : classified;
  }

  #report(failure: AttemptFailure, endpoint: Endpoint): void {
    const verdict = endpointVerdict(failure, endpoint);
    const { key } = this.#pool;
    if (verdict === 'none' || key === THROW_AWAY_KEY) return;
    const { states, settings, now, onEndpointFailed } = this.#deps;
    // A removal comes back through the primary; until then this worker passes the endpoint over as well.
    states.mark(key, endpoint.address, now() + settings.staleThresholdMs / 4);
    onEndpointFailed(key, endpoint.address, verdict, failure.text);
  }

  #named(endpoint: Endpoint): NamedAttempt {
    return { endpoint, attempt: this.#attempt, requestId: this.#requestId };
  }

  #noEndpoint(): AttemptFailure {
    return classifyFailure(new RouterError('NO_ENDPOINT', 'No endpoints available'), {
      tls: false,
      reached: 'none',
      address: '',
    });
  }

  #settle(): void {
    if (this.#inFlight !== undefined) this.#deps.states.end(this.#inFlight);
    this.#inFlight = undefined;
  }
}
