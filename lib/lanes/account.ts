import { unixMsAt } from '../clock.ts';
import type { AttemptFailure } from '../health/classify-failure.ts';
import type { Logger } from '../log/logger.ts';
import type { Answer } from '../request/answer.ts';
import { countRequest } from '../request/count-request.ts';
import type { Counters } from '../request/counters.ts';
import { type ExchangeFacts, endpointHead } from '../request/exchange-heads.ts';
import type { RequestFields } from '../request/headers-in.ts';
import type { AttemptTimes, RequestRecord } from '../request/record.ts';
import { requestRecord } from '../request/request-record.ts';
import type { RequestSettings } from '../request/settings.ts';
import type { SoundRequest } from '../request/sound-request.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import { CLIENT_LEFT_ANSWER, logClientLeft } from './client-left.ts';
import { ownAnswer, unheardAnswer } from './own-answer.ts';
import { logPanic } from './panic.ts';

export interface AccountDeps {
  readonly settings: RequestSettings;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly connections: { readonly keepAlive: boolean };
  /** Unix ms. */
  readonly now: () => number;
  readonly onFinished: (record: RequestRecord) => void;
}

/** What the attempts have come to so far. */
interface AttemptsMade {
  readonly startedAt: number | undefined;
  /** Unix ms when the last of them began. */
  readonly attemptAtMs: number;
  readonly endpoint: Endpoint | undefined;
  times(endedAt: number): AttemptTimes | undefined;
  close(): void;
}

/** What is to be told of one request when it is over, gathered while it runs; kept in the same way by each lane. */
export class Account {
  status = 0;
  routerError = '';
  requestBytes = 0;
  responseBytes = 0;
  /** Of the head towards the endpoint of the last attempt. */
  sent: RequestFields | undefined;
  /** The request became a tunnel. */
  upgraded = false;
  attempts: AttemptsMade | undefined;
  readonly #deps: AccountDeps;
  readonly #request: SoundRequest;
  readonly #requestId: string;
  readonly #protocol: string;
  readonly #startedAt = performance.now();
  readonly #receivedAtMs = unixMsAt(this.#startedAt);

  /** `protocol`: the client's, as the access log names it. */
  constructor(deps: AccountDeps, request: SoundRequest, requestId: string, protocol: string) {
    this.#deps = deps;
    this.#request = request;
    this.#requestId = requestId;
    this.#protocol = protocol;
  }

  /** What both heads of an attempt at `endpoint` are made from. */
  facts(endpoint: Endpoint): ExchangeFacts {
    const { settings, now } = this.#deps;
    const attemptAtMs = this.attempts?.attemptAtMs ?? this.#receivedAtMs;
    return { request: this.#request, endpoint, requestId: this.#requestId, settings, attemptAtMs, now };
  }

  /** The answer that is the router's own, logged and as it is sent. */
  answered(plain: Answer): Answer {
    const answer = ownAnswer(plain, this.#deps, this.#requestId);
    this.ended(answer);
    this.responseBytes = answer.body.length;
    return answer;
  }

  /** The client left before it heard of the failure. */
  unheard(failure: AttemptFailure): void {
    this.ended(unheardAnswer(failure, this.#deps, this.#requestId));
  }

  /** The request ended like that, whether the client hears of it or not. */
  ended(answer: Pick<Answer, 'status' | 'routerError'>): void {
    this.status = answer.status;
    this.routerError = answer.routerError;
  }

  /** The client left in the middle of its answer: told by the log alone, since the head is out. */
  clientLeftAnswer(bytesWritten: number, announced: string | undefined): void {
    if (this.routerError === '') this.routerError = CLIENT_LEFT_ANSWER;
    logClientLeft(this.#deps.logger, {
      bytesWritten,
      announced,
      status: this.status,
      requestId: this.#requestId,
    });
  }

  /** Logs a bug of ours (contract: http.md 2). */
  panic(error: unknown): void {
    logPanic(this.#deps.logger, this.#request.route.host, error);
  }

  /** The request is over, at `endedAt` by performance.now(): counts it and tells. */
  close(endedAt = performance.now()): void {
    this.attempts?.close();
    const record = this.#record(endedAt);
    countRequest(this.#deps.counters, record);
    this.#deps.onFinished(record);
  }

  #record(endedAt: number): RequestRecord {
    const { attempts } = this;
    const { head, route } = this.#request;
    return requestRecord({
      head,
      route,
      protocol: this.#protocol,
      sent: this.sent ?? this.#unsent(),
      receivedAtMs: this.#receivedAtMs,
      startedAt: this.#startedAt,
      endedAt,
      proxiedAt: attempts?.startedAt,
      status: this.status,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      requestId: this.#requestId,
      routerError: this.routerError,
      endpoint: attempts?.endpoint,
      attempts: attempts?.times(endedAt),
      upgraded: this.upgraded,
      extraHeadersToLog: this.#deps.settings.extraHeadersToLog,
    });
  }

  /** What would have been sent, had the last endpoint taken a connection: the log shows it all the same. */
  #unsent(): RequestFields | undefined {
    const { attempts } = this;
    if (attempts?.startedAt === undefined || attempts.endpoint === undefined) return undefined;
    return endpointHead(this.facts(attempts.endpoint), this.#deps.connections.keepAlive).fields;
  }
}
