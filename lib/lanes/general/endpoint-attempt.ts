import type { ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import { RouterError } from '../../errors.ts';
import { headTooLong } from '../../request/response-limits.ts';
import type { RequestSettings } from '../../request/settings.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import { badUpgrade } from '../attempt-errors.ts';
import type { Lease } from '../attempts.ts';
import type { EndpointConnection } from './endpoint-connection.ts';
import type { Forwarder } from './forwarder.ts';
import type { RequestBody } from './request-body.ts';
import { requestSwitch, type Switched } from './upgrade-request.ts';

export interface EndpointAttemptDeps {
  readonly forwarder: Forwarder;
  readonly connections: { readonly keepAlive: boolean };
  readonly settings: RequestSettings;
  /** 0 = no limit. */
  readonly endpointTimeoutMs: number;
}

/** The client's side of an attempt. */
export interface AttemptSource {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: SoundRequest;
  readonly body: RequestBody;
}

export interface EndpointAttemptEvents {
  /** A 1xx other than 101. */
  information(info: InformationEvent): void;
  /** A head that is no switch; `requestEnded`: whether all of the request has gone out by then. */
  response(response: IncomingMessage, requestEnded: () => boolean): void;
  switched(switched: Switched): void;
  /** Its time is up, although its head was taken. */
  late(): void;
}

/**
 * One attempt at an endpoint: sends the request over a connection, through http-proxy-3 or as a request to switch
 * protocols, and is open until what came back was taken, or came to nothing. Its limit of time holds beyond that.
 */
export class EndpointAttempt {
  readonly lease: Lease<EndpointConnection>;
  readonly #deps: EndpointAttemptDeps;
  readonly #source: AttemptSource;
  readonly #events: EndpointAttemptEvents;
  #settle: ((error: unknown) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    deps: EndpointAttemptDeps,
    lease: Lease<EndpointConnection>,
    source: AttemptSource,
    events: EndpointAttemptEvents,
  ) {
    this.#deps = deps;
    this.lease = lease;
    this.#source = source;
    this.#events = events;
  }

  /** Whether neither `taken` nor `failed` was called. */
  get open(): boolean {
    return this.#settle !== undefined;
  }

  /** Sends it with the fields that `headers` gives. Resolves with undefined when it was taken, else with what went wrong. */
  run(headers: () => readonly string[]): Promise<unknown> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#limit();
      try {
        if (this.#source.request.upgrade === undefined) this.#forward(headers());
        else this.#requestSwitch(headers(), this.#source.request.upgrade);
      } catch (error) {
        this.failed(error);
      }
    });
  }

  /** What came is being passed on. */
  taken(): void {
    this.#settle?.(undefined);
    this.#settle = undefined;
  }

  /** It came to nothing; no effect once it is not open. */
  failed(error: unknown): void {
    if (this.#settle === undefined) return;
    this.over();
    this.#settle(error);
    this.#settle = undefined;
  }

  /** Whatever it still comes to is of no use: `run` never resolves. */
  abandon(): void {
    this.#settle = undefined;
  }

  /** It has no limit of time any more. */
  over(): void {
    clearTimeout(this.#timer);
  }

  #limit(): void {
    const { endpointTimeoutMs } = this.#deps;
    if (endpointTimeoutMs <= 0) return;
    const left = Math.max(1, endpointTimeoutMs - (performance.now() - this.lease.startedAt));
    this.#timer = setTimeout(() => {
      if (this.open) {
        this.failed(new RouterError('ENDPOINT_TIMEOUT', 'context deadline exceeded', { source: 'endpoint' }));
      } else this.#events.late();
    }, left);
  }

  #forward(headers: readonly string[]): void {
    const { forwarder, connections, settings } = this.#deps;
    const { req, res, request, body } = this.#source;
    const events = this.#events;
    let sent: ClientRequest | undefined;
    body.beforeForward();
    forwarder.forward(
      req,
      res,
      this.lease.connection,
      {
        target: request.route.target,
        headers,
        body: body.source,
        largestHead: settings.maxResponseHeaderBytes,
      },
      connections.keepAlive,
      {
        began: (began) => {
          sent = began;
          body.began(began);
        },
        information: (info) => events.information(info),
        response: (response) => events.response(response, () => sent?.writableEnded ?? false),
        switched: () => this.failed(badUpgrade()),
        failed: (error) => this.#unreadable(error),
      },
    );
    body.afterForward();
  }

  #requestSwitch(headers: readonly string[], token: string): void {
    const { head, route } = this.#source.request;
    const events = this.#events;
    const outbound = {
      method: head.method,
      target: route.target,
      headers,
      token,
      largestHead: this.#deps.settings.maxResponseHeaderBytes,
    };
    requestSwitch(this.lease.connection, outbound, {
      information: (info) => events.information(info),
      // Not kept for others after a refusal: the endpoint may have begun to read the other protocol.
      response: (response) => events.response(response, () => false),
      switched: (switched) => events.switched(switched),
      failed: (error) => this.#unreadable(error),
    });
  }

  #unreadable(error: Error & { code?: string }): void {
    const { maxResponseHeaderBytes } = this.#deps.settings;
    this.failed(error.code === 'HPE_HEADER_OVERFLOW' ? headTooLong(maxResponseHeaderBytes) : error);
  }
}
