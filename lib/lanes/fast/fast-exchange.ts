import { RouterError } from '../../errors.ts';
import type { AttemptFailure } from '../../health/classify-failure.ts';
import { type Answer, headTooLarge, isAnswer } from '../../request/answer.ts';
import { countFailure } from '../../request/count-request.ts';
import { clientHeaders, endpointHead } from '../../request/exchange-heads.ts';
import { endpointFailure } from '../../request/failure-answer.ts';
import { headTooBig } from '../../request/head-limits.ts';
import { headerValue } from '../../request/request-head.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import type { Pool } from '../../routes/pool.ts';
import type { RouteTable } from '../../routes/route-table.ts';
import { Account, type AccountDeps } from '../account.ts';
import { badUpgrade, clientGone } from '../attempt-errors.ts';
import { type AttemptDeps, Attempts, type Lease } from '../attempts.ts';
import { beginRequest } from '../begin-request.ts';
import type {
  ClientExchange,
  ClientSide,
  EndpointSide,
  ResponseHead,
  ResponseReader,
} from '../exchange-sides.ts';
import { MAX_INFORMATION } from '../information.ts';
import { LINGER_BYTES } from '../linger.ts';
import { responseHeadProblem } from '../response-head-problem.ts';
import { routeOf } from '../route-of.ts';
import { Upload } from './upload.ts';

export interface FastExchangeDeps extends AttemptDeps<EndpointSide>, AccountDeps {
  readonly connections: AttemptDeps<EndpointSide>['connections'];
  readonly table: () => RouteTable;
  readonly healthy: () => boolean;
  readonly draining: () => boolean;
  readonly onClosed: () => void;
  /** IMF-fixdate of this second. */
  readonly date: () => string;
}

/** How long a body waits for the endpoint's word (contract: http.md 9). */
const LONGEST_WAIT_MS = 1_000;
type Next = 'retry' | Lease<EndpointSide> | AttemptFailure;

const NEVER = Number.POSITIVE_INFINITY;

/**
 * One request in the fast lane, from its head to its record. Told what comes by the client's connection and by the
 * endpoint's; decides nothing itself: routes, endpoints, fields, retries and answers are the policies'.
 */
export class FastExchange implements ClientExchange, ResponseReader {
  readonly method: string;
  readonly #deps: FastExchangeDeps;
  readonly #link: ClientSide;
  readonly #request: SoundRequest;
  readonly #requestId: string;
  readonly #account: Account;
  readonly #upload: Upload;
  #pool: Pool | undefined;
  #attempts: Attempts<EndpointSide> | undefined;
  #lease: Lease<EndpointSide> | undefined;
  /** Whether the endpoint was told that its connection carries no other request. */
  #endpointCloses = false;
  #continued = false;
  /** Whether a part of an endpoint's answer is on its way to the client. */
  #answering = false;
  #responseHeaders: readonly string[] = [];
  #responseComplete = false;
  #close = false;
  #information = 0;
  #attemptDeadline = NEVER;
  #continueDeadline = NEVER;
  #clientGone = false;
  #finished = false;

  constructor(deps: FastExchangeDeps, link: ClientSide, request: SoundRequest) {
    const begun = beginRequest(deps, request);
    this.#deps = begun.deps;
    this.#request = begun.request;
    this.#requestId = begun.requestId;
    this.#link = link;
    this.method = request.head.method;
    this.#account = new Account(begun.deps, begun.request, begun.requestId, link.protocol);
    this.#upload = new Upload(link);
  }

  /** Never throws. */
  run(): void {
    if (this.#finished) return; // the body that came with the head was no HTTP
    try {
      this.#serve();
    } catch (error) {
      this.panic(error);
    }
  }

  #serve(): void {
    const { settings } = this.#deps;
    const { head, route, framing } = this.#request;
    const choice = routeOf(head, route, this.#deps);
    if (isAnswer(choice)) {
      this.#answer(choice);
      return;
    }
    this.#pool = choice.pool;
    const hasBody = framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0);
    const attempts = new Attempts(this.#deps, head, choice.pool, hasBody, this.#requestId);
    this.#attempts = attempts;
    this.#account.attempts = attempts;
    if (headTooBig(head, route, settings)) {
      attempts.pickForLog();
      this.#answer(headTooLarge());
      return;
    }
    this.#proceed(attempts.lease());
  }

  /** Takes the next step with what the attempts came to, now or later. */
  #proceed(next: Next | Promise<Next>): void {
    if (next instanceof Promise) {
      next.then(
        (found) => this.#proceed(found),
        (error: unknown) => this.panic(error),
      );
      return;
    }
    if (this.#finished) {
      if (next !== 'retry' && 'connection' in next) next.connection.destroy();
      return;
    }
    try {
      if (next === 'retry') this.#proceed(this.#attempts!.lease());
      else if ('connection' in next) this.#attempt(next);
      else this.#failed(next);
    } catch (error) {
      this.panic(error);
    }
  }

  #attempt(lease: Lease<EndpointSide>): void {
    const { endpointTimeoutMs } = this.#deps;
    const { expectsContinue } = this.#request;
    const { connection } = lease;
    this.#lease = lease;
    if (this.#clientGone) {
      this.#attemptFailed(clientGone());
      return;
    }
    connection.read(this);
    this.#sendHead(lease);
    this.#attemptDeadline = endpointTimeoutMs > 0 ? lease.startedAt + endpointTimeoutMs : NEVER;
    const waits = expectsContinue && !this.#continued && !this.#upload.received;
    this.#continueDeadline = waits ? performance.now() + LONGEST_WAIT_MS : NEVER;
    this.#setDeadline();
    if (!waits) this.#upload.flowTo(connection.out);
    connection.out.flush();
  }

  #sendHead(lease: Lease<EndpointSide>): void {
    const { route, framing, received } = this.#request;
    const { fields, closes } = endpointHead(
      this.#account.facts(lease.endpoint),
      this.#deps.connections.keepAlive,
    );
    this.#endpointCloses = closes;
    this.#account.sent = fields;
    lease.connection.out.head(this.method, route.target, fields, framing, received);
  }

  /* What the client's connection tells. */

  requestBody(bytes: Buffer, start: number, end: number): void {
    this.#upload.take(bytes, start, end);
  }

  requestEnd(trailers: readonly string[] | undefined): void {
    this.#upload.end(trailers);
  }

  requestFlush(): void {
    this.#upload.flush();
  }

  get awaitsBody(): boolean {
    return !this.#answering && this.#continueDeadline === NEVER;
  }

  bodyFailed(answer: Answer): boolean {
    const answered = this.#answering;
    if (!answered) this.#account.ended(answer);
    this.#clientGone = true;
    this.#lease?.connection.destroy();
    this.#attempts?.abort(clientGone());
    this.#finish();
    return answered;
  }

  clientGone(): void {
    if (this.#finished) return;
    this.#clientGone = true;
    this.#link.cut(); // first: what was pipelined behind is not served any more
    const lease = this.#lease;
    if (lease !== undefined && !this.#answering) {
      // Its end is the end of the request: it is logged and judged first.
      this.#attemptFailed(clientGone());
    } else if (lease === undefined && this.#attempts !== undefined) {
      this.#attempts.abort(clientGone());
    } else {
      lease?.connection.destroy();
      if (lease !== undefined && !this.#responseComplete) {
        const announced = headerValue(this.#responseHeaders, 'content-length');
        this.#account.clientLeftAnswer(this.#account.responseBytes, announced);
      }
      this.#finish();
    }
  }

  responseDrained(): void {
    this.#lease?.connection.resume();
  }

  overdue(now: number): void {
    if (now >= this.#continueDeadline) {
      this.#proceedWithBody();
      return;
    }
    if (now < this.#attemptDeadline) return;
    const late = new RouterError('ENDPOINT_TIMEOUT', 'context deadline exceeded', { source: 'endpoint' });
    if (!this.#answering) {
      this.#attemptFailed(late);
      return;
    }
    this.#attempts?.answerCut(this.#lease!, 'backend-request-timeout', late.message);
    this.#cut();
  }

  /* What the endpoint's connection tells. */

  responseHead(response: ResponseHead): boolean {
    if (response.status < 200) return this.#informed(response);
    const lease = this.#lease!;
    const raw = response.headers;
    if (this.#deps.settings.responseHeadProblem !== undefined) {
      const problem = responseHeadProblem('', raw, lease, this.#deps, this.#requestId);
      if (problem !== undefined) {
        this.#attemptFailed(problem);
        return false;
      }
    }
    this.#account.routerError = headerValue(raw, 'x-cf-routererror') ?? '';
    const headers = clientHeaders(raw, this.#account.facts(lease.endpoint), {
      pool: this.#pool!,
      requestedId: this.#attempts?.requestedId,
      date: this.#deps.date,
      upgrade: undefined,
      logger: this.#deps.logger,
    });
    this.#close = this.#mustClose();
    this.#answering = true;
    this.#responseHeaders = raw;
    this.#account.status = response.status;
    this.#attempts!.responded();
    // Nothing is waited for any more: the answer is here.
    this.#continueDeadline = NEVER;
    this.#setDeadline();
    this.#link.out.head(response, this.method, headers, this.#close);
    return true;
  }

  responseBody(bytes: Buffer, start: number, end: number): void {
    this.#account.responseBytes += end - start;
    this.#link.out.body(bytes, start, end);
  }

  responseEnd(trailers: readonly string[] | undefined): void {
    this.#responseComplete = true;
    const now = performance.now();
    const { out } = this.#link;
    out.end(trailers);
    out.flush();
    const { connection } = this.#lease!;
    // The endpoint has answered without all of the request: it gets no more of it, and no other on that connection.
    if (this.#upload.complete && !this.#endpointCloses) connection.release(now);
    else connection.destroy();
    this.#finish(now);
  }

  responseFlush(): void {
    if (this.#responseComplete) return;
    if (!this.#link.out.flush()) this.#lease?.connection.pause();
  }

  responseFailed(error: Error): void {
    if (this.#finished) return;
    if (!this.#answering) {
      this.#attemptFailed(error);
      return;
    }
    this.#attempts?.answerCut(this.#lease!, 'backend-response-incomplete', error.message);
    this.#cut();
  }

  requestDrained(): void {
    this.#link.resume();
  }

  #informed(response: ResponseHead): boolean {
    if (response.status === 101) {
      this.#attemptFailed(badUpgrade());
      return false;
    }
    this.#information += 1;
    if (this.#information > MAX_INFORMATION) {
      const text = 'net/http: too many 1xx informational responses';
      this.#attemptFailed(new RouterError('ENDPOINT_BAD_RESPONSE', text, { source: 'endpoint' }));
      return false;
    }
    if (response.status !== 100) {
      const { rewrite } = this.#deps.settings;
      const headers = rewrite === undefined ? response.headers : rewrite(response.headers);
      this.#link.out.information(response.status, headers);
      this.#link.out.flush();
      return true;
    }
    // The one that the client waits for, or one that it did not ask for.
    if (this.#request.expectsContinue && !this.#upload.flowing) this.#proceedWithBody();
    return true;
  }

  /** Has the client send its body, and the endpoint get it. */
  #proceedWithBody(): void {
    if (!this.#continued && !this.#upload.received) {
      this.#continued = true;
      this.#link.out.proceed();
      this.#link.out.flush();
    }
    this.#continueDeadline = NEVER;
    const { out } = this.#lease!.connection;
    this.#upload.flowTo(out);
    out.flush();
    this.#setDeadline();
  }

  /* The ends. */

  #attemptFailed(error: unknown): void {
    const lease = this.#lease!;
    this.#lease = undefined;
    this.#upload.hold();
    this.#attemptDeadline = NEVER;
    this.#continueDeadline = NEVER;
    this.#setDeadline();
    const failure = { error, bodyIntact: !this.#upload.begun, clientGone: this.#clientGone };
    this.#proceed(this.#attempts!.failed(lease, failure));
  }

  #failed(failure: AttemptFailure): void {
    if (!this.#clientGone) {
      countFailure(this.#deps.counters, failure.code);
      this.#answer(endpointFailure(failure));
      return;
    }
    this.#account.unheard(failure);
    this.#finish();
  }

  #answer(plain: Answer): void {
    const answer = this.#account.answered(plain);
    this.#close = answer.close || this.#mustClose();
    const { out } = this.#link;
    out.answer(answer, this.method, this.#deps.date(), this.#close);
    out.flush();
    this.#finish();
  }

  /** A part of an answer is out that will never be whole: it must not look complete. */
  #cut(): void {
    this.#lease?.connection.destroy();
    this.#link.cut();
    this.#finish();
  }

  /** A bug of ours. The client gets an answer if that is still possible, else the end of its connection. */
  panic(error: unknown): void {
    this.#account.panic(error);
    if (this.#finished) return;
    try {
      this.#lease?.connection.destroy();
      if (this.#answering) this.#cut();
      else this.#failed({ code: 'INTERNAL', reached: 'none', text: String(error) });
    } catch (again) {
      this.#account.panic(again);
      this.#link.cut();
      this.#finish();
    }
  }

  /** Whether the answer about to be sent has to be the last one on its connection. */
  #mustClose(): boolean {
    return this.#request.last || this.#tooMuchUnread() || this.#deps.draining();
  }

  /** What the client still sends would have to be read to the end to find its next request, and may be endless. */
  #tooMuchUnread(): boolean {
    if (this.#upload.received) return false;
    const { framing, expectsContinue } = this.#request;
    if (framing.kind !== 'length' || (expectsContinue && !this.#continued)) return true;
    return framing.length - this.#upload.bytes > LINGER_BYTES;
  }

  #setDeadline(): void {
    this.#link.deadline = Math.min(this.#attemptDeadline, this.#continueDeadline);
  }

  #finish(now = performance.now()): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#upload.drop();
    try {
      this.#account.requestBytes = this.#upload.bytes;
      this.#account.close(now);
    } catch (error) {
      this.#account.panic(error); // a record is lost; the client's next request need not be
    }
    this.#deps.onClosed();
    this.#link.exchangeDone(this.#close, now);
  }
}
