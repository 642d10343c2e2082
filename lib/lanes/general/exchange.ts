import type { IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import { RouterError } from '../../errors.ts';
import type { AttemptFailure } from '../../health/classify-failure.ts';
import { type Answer, headTooLarge, isAnswer } from '../../request/answer.ts';
import { countFailure } from '../../request/count-request.ts';
import { clientHeaders, endpointHead } from '../../request/exchange-heads.ts';
import { endpointFailure } from '../../request/failure-answer.ts';
import { headTooBig } from '../../request/head-limits.ts';
import { pairsOf } from '../../request/headers-in.ts';
import { headerValue } from '../../request/request-head.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import { isWebSocket } from '../../request/upgrade.ts';
import type { Pool } from '../../routes/pool.ts';
import { Account, type AccountDeps } from '../account.ts';
import { clientGone } from '../attempt-errors.ts';
import { type AttemptDeps, Attempts, type Lease } from '../attempts.ts';
import { beginRequest } from '../begin-request.ts';
import { informationText, MAX_INFORMATION } from '../information.ts';
import { responseHeadProblem } from '../response-head-problem.ts';
import { sendAnswer } from './answer-writer.ts';
import type { ChosenRoute } from './chosen-route.ts';
import type { ClientConnection } from './client-connection.ts';
import { EndpointAttempt, type EndpointAttemptDeps } from './endpoint-attempt.ts';
import type { EndpointConnection } from './endpoint-connection.ts';
import { EndpointResponse } from './endpoint-response.ts';
import { RequestBody } from './request-body.ts';
import { badResponse, statusLineProblem } from './response-problem.ts';
import type { Switched } from './upgrade-request.ts';

export interface ExchangeDeps extends AttemptDeps<EndpointConnection>, AccountDeps, EndpointAttemptDeps {
  readonly connections: AttemptDeps<EndpointConnection>['connections'];
  readonly draining: () => boolean;
}

/** Called when an endpoint agreed to switch protocols, with what it sent first. Returns when the tunnel has ended. */
export type SwitchHandler = (switched: Switched, head: string) => Promise<void>;

/**
 * One request from its route to its record: makes attempts, passes the answer on. Every request gets
 * exactly one answer, or the end of its connection when a part of one was sent.
 */
export class Exchange {
  readonly #deps: ExchangeDeps;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #client: ClientConnection;
  readonly #request: SoundRequest;
  readonly #route: ChosenRoute;
  readonly #onSwitch: SwitchHandler | undefined;
  readonly #body: RequestBody;
  readonly #requestId: string;
  readonly #account: Account;
  readonly #onClosed: () => void;
  #pool: Pool | undefined;
  #attempts: Attempts<EndpointConnection> | undefined;
  #response: EndpointResponse | undefined;
  /** The last that was made, or is being made. */
  #attempt: EndpointAttempt | undefined;
  #information = 0;
  #clientGone = false;
  #finished = false;

  /** `onClosed` is called once, when the request is over and its connection free for the next one. */
  constructor(
    deps: ExchangeDeps,
    req: IncomingMessage,
    res: ServerResponse,
    client: ClientConnection,
    request: SoundRequest,
    route: ChosenRoute,
    onClosed: () => void,
    onSwitch?: SwitchHandler,
  ) {
    const begun = beginRequest(deps, request);
    this.#deps = begun.deps;
    this.#request = begun.request;
    this.#route = route;
    this.#requestId = begun.requestId;
    const protocol = req.httpVersionMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
    this.#account = new Account(begun.deps, begun.request, begun.requestId, protocol);
    this.#req = req;
    this.#res = res;
    this.#client = client;
    this.#onClosed = onClosed;
    this.#onSwitch = onSwitch;
    const sendContinue = request.expectsContinue ? (): void => this.#sendContinue() : undefined;
    this.#body = new RequestBody(req, request.framing, client, sendContinue);
  }

  /** Never throws, never rejects. */
  run(): void {
    // Both may fail at any moment; what that means is told by `close`.
    this.#req.on('error', ignore);
    this.#res.on('error', ignore);
    // Each attempt adds listeners of its own, and there may be many.
    this.#req.setMaxListeners(0);
    this.#res.setMaxListeners(0);
    this.#res.once(
      'close',
      this.#guarded(() => this.#closed()),
    );
    this.#client.receive({
      received: () => this.#req.complete,
      awaits: () => !this.#res.headersSent && this.#body.starved,
      failed: (answer) => this.#bodyFailed(answer),
    });
    this.#serve().catch((error: unknown) => this.#panic(error));
  }

  async #serve(): Promise<void> {
    const { settings } = this.#deps;
    const { head, route } = this.#request;
    const choice = this.#route.get();
    if (isAnswer(choice)) return this.#answer(choice);

    this.#pool = choice.pool;
    const attempts = new Attempts(this.#deps, head, choice.pool, this.#body.present, this.#requestId);
    this.#attempts = attempts;
    this.#account.attempts = attempts;
    if (headTooBig(head, route, settings)) {
      attempts.pickForLog();
      return this.#answer(headTooLarge());
    }

    let next = await attempts.lease();
    while ('connection' in next) {
      if (this.#finished) {
        next.connection.destroy();
        return;
      }
      const error = this.#clientGone ? clientGone() : await this.#tryOnce(next);
      if (error === undefined) return;
      this.#body.detach();
      const failure = { error, bodyIntact: this.#body.intact, clientGone: this.#clientGone };
      const verdict = await attempts.failed(next, failure);
      next = verdict === 'retry' ? await attempts.lease() : verdict;
    }
    if (!this.#finished) this.#failed(next);
  }

  /** One attempt up to the response head: undefined when that was passed on, else what went wrong. */
  #tryOnce(lease: Lease<EndpointConnection>): Promise<unknown> {
    const source = { req: this.#req, res: this.#res, request: this.#request, body: this.#body };
    const attempt = new EndpointAttempt(this.#deps, lease, source, {
      information: this.#guarded((info) => this.#informed(info, attempt)),
      response: this.#guarded((response, requestEnded) => this.#responded(response, attempt, requestEnded)),
      switched: this.#guarded((switched) => this.#switched(switched, attempt)),
      late: this.#guarded(() => this.#late(lease)),
    });
    this.#attempt = attempt;
    return attempt.run(() => this.#outgoingHeaders(lease));
  }

  #outgoingHeaders(lease: Lease<EndpointConnection>): readonly string[] {
    const { fields } = endpointHead(this.#account.facts(lease.endpoint), this.#deps.connections.keepAlive);
    this.#account.sent = fields;
    return pairsOf(fields);
  }

  /** A response head that is no switch: passes it on and, from then on, the body. */
  #responded(response: IncomingMessage, attempt: EndpointAttempt, requestEnded: () => boolean): void {
    if (!attempt.open) {
      response.destroy();
      return;
    }
    const { lease } = attempt;
    const { statusCode = 0, statusMessage = '', rawHeaders } = response;
    const { connection } = lease;
    response.on('error', ignore); // told by `close` as well
    connection.responding(() => response.complete, headerValue(rawHeaders, 'keep-alive'));
    if (this.#request.upgrade !== undefined) this.#countWebSocket();
    const problem =
      statusLineProblem(response) ??
      responseHeadProblem(statusMessage, rawHeaders, lease, this.#deps, this.#requestId);
    if (problem !== undefined) {
      attempt.failed(problem);
      return;
    }
    const relayed = new EndpointResponse(response, this.#res);
    const close = this.#mustClose();
    const headers = this.#incomingHeaders(rawHeaders, lease, undefined);
    try {
      relayed.writeHead(headers, close);
    } catch (error) {
      attempt.failed(badResponse((error as Error).message));
      return;
    }
    this.#account.status = statusCode;
    this.#response = relayed;
    this.#attempts?.responded();
    attempt.taken();
    relayed.relay({
      ended: this.#guarded(() => {
        attempt.over();
        if (requestEnded()) connection.mayBeReused();
        else this.#dropBody(connection.destroy.bind(connection));
      }),
      broken: this.#guarded((error) => this.#broken(error, attempt)),
    });
  }

  #incomingHeaders(
    raw: readonly string[],
    lease: Lease<EndpointConnection>,
    upgrade: string | undefined,
  ): string[] {
    this.#account.routerError = headerValue(raw, 'x-cf-routererror') ?? '';
    return clientHeaders(raw, this.#account.facts(lease.endpoint), {
      pool: this.#pool!,
      requestedId: this.#attempts?.requestedId,
      date: () => '', // node has it ready
      upgrade,
      logger: this.#deps.logger,
    });
  }

  /** The endpoint switched protocols: the request ends as a tunnel. */
  #switched(switched: Switched, attempt: EndpointAttempt): void {
    const onSwitch = this.#onSwitch;
    if (!attempt.open || onSwitch === undefined) {
      switched.socket.destroy();
      return;
    }
    const { lease } = attempt;
    this.#countWebSocket();
    this.#attempts?.responded();
    attempt.over();
    const head = this.#incomingHeaders(switched.rawHeaders, lease, switched.token);
    lease.connection.detach();
    this.#account.status = 101;
    this.#account.upgraded = true;
    attempt.taken();
    const text = informationText(101, switched.reason, head);
    onSwitch(switched, text)
      .catch((error: unknown) => this.#panic(error))
      .finally(() => this.#finish());
  }

  #informed(info: InformationEvent, attempt: EndpointAttempt): void {
    if (!attempt.open) return;
    this.#information += 1;
    if (this.#information > MAX_INFORMATION) {
      attempt.lease.connection.destroy();
      attempt.failed(
        new RouterError('ENDPOINT_BAD_RESPONSE', 'net/http: too many 1xx informational responses'),
      );
      return;
    }
    if (info.statusCode === 100) {
      // The one that the client waits for, or one that it did not ask for.
      this.#body.release();
      return;
    }
    if (this.#req.httpVersionMinor === 0) return; // RFC 9110 §15.2
    const { rewrite } = this.#deps.settings;
    const headers = rewrite === undefined ? info.rawHeaders : rewrite(info.rawHeaders);
    this.#res.socket?.write(informationText(info.statusCode, undefined, headers), 'latin1');
  }

  #sendContinue(): void {
    if (!this.#res.headersSent && !this.#res.destroyed) this.#res.writeContinue();
  }

  /** Whether the answer about to be sent has to be the last one on its connection. */
  #mustClose(): boolean {
    if (this.#body.tooMuchUnread) {
      this.#client.linger();
      return true;
    }
    return this.#request.last || this.#deps.draining();
  }

  /** The answer is out and the client is still sending: nobody reads it any more, neither here nor there. */
  #dropBody(closeEndpoint: () => void): void {
    closeEndpoint();
    this.#body.discard();
  }

  #late(lease: Lease<EndpointConnection>): void {
    if (this.#response === undefined || this.#response.complete) return;
    this.#attempts?.answerCut(lease, 'backend-request-timeout', 'context deadline exceeded');
    lease.connection.destroy();
  }

  /** The endpoint died in the middle of its answer: the client has been cut off already. */
  #broken(error: Error, attempt: EndpointAttempt): void {
    const { lease } = attempt;
    attempt.over();
    lease.connection.destroy();
    if (this.#clientGone) return;
    this.#attempts?.answerCut(lease, 'backend-response-incomplete', error.message);
  }

  #failed(failure: AttemptFailure): void {
    const { counters } = this.#deps;
    if (isWebSocket(this.#request.upgrade)) counters.websocketFailures += 1;
    if (!this.#clientGone) {
      countFailure(counters, failure.code);
      this.#answer(endpointFailure(failure));
      return;
    }
    this.#account.unheard(failure);
    this.#finish();
  }

  #answer(plain: Answer): void {
    const answer = this.#account.answered(plain);
    const close = this.#mustClose();
    sendAnswer(this.#res, answer, close);
    this.#body.discard();
  }

  /** The client's connection is done with this exchange: all is sent, or it is gone. */
  #closed(): void {
    if (this.#account.upgraded) return;
    if (this.#res.writableFinished) {
      this.#finish();
      return;
    }
    this.#clientGone = true;
    const response = this.#response;
    if (response?.complete === false) {
      this.#account.clientLeftAnswer(response.bytes, response.announcedLength);
    }
    this.#attempt?.lease.connection.destroy();
    // While an attempt is under way its end is the end of the request: it is logged and judged first.
    if (this.#attempt?.open === true) this.#attempt.failed(clientGone());
    else if (this.#attempts !== undefined && this.#account.status === 0) this.#attempts.abort(clientGone());
    else this.#finish();
  }

  /** The client's body is no HTTP, or does not come: its doing, not the endpoint's. True when it was answered. */
  #bodyFailed(answer: Answer): boolean {
    const answered = this.#res.headersSent;
    if (!answered) this.#account.ended(answer);
    this.#clientGone = true;
    this.#attempt?.lease.connection.destroy();
    this.#attempts?.abort(clientGone());
    this.#finish();
    return answered;
  }

  /** For what is called by events: a bug of ours costs this request, not the worker with all the others. */
  #guarded<A extends readonly unknown[]>(handle: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        handle(...args);
      } catch (error) {
        this.#panic(error);
      }
    };
  }

  /** A bug of ours. The client gets an answer if that is still possible, else the end of its connection. Never throws. */
  #panic(error: unknown): void {
    // Whatever the attempt under way still comes to is of no use.
    this.#attempt?.abandon();
    try {
      this.#account.panic(error);
      this.#attempt?.lease.connection.destroy();
      if (this.#finished) return;
      if (!this.#res.headersSent && !this.#clientGone && !this.#account.upgraded) {
        this.#failed({ code: 'INTERNAL', reached: 'none', text: String(error) });
        return;
      }
    } catch {
      // The second one in a row: nothing of this request can be relied on any more.
    }
    this.#client.socket.destroy();
    this.#finish();
  }

  #countWebSocket(): void {
    if (isWebSocket(this.#request.upgrade)) this.#deps.counters.websocketUpgrades += 1;
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#attempt?.over();
    try {
      this.#body.detach();
      this.#account.requestBytes = this.#body.bytes;
      if (this.#response !== undefined) this.#account.responseBytes = this.#response.bytes;
      this.#account.close();
    } catch (error) {
      this.#account.panic(error); // a record is lost; the client's next request need not be
    }
    this.#onClosed();
  }
}

function ignore(): void {}
