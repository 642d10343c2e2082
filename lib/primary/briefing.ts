import type { Config } from '../config/schema.ts';
import type { ToWorker } from '../ipc/messages.ts';
import type { FrontTls } from '../tls/front-tls.ts';

export interface BriefingDeps {
  readonly config: Config;
  readonly workers: number;
  /** This host's address, for `X-Vcap-Router`. */
  readonly routerIp: string;
  /** Text of the error page; empty = none. */
  readonly errorPage: string;
  /** Reaches each worker that has been told who it is. */
  readonly tellAll: (message: ToWorker) => void;
}

/** What every worker has to know: news are told to those that run, and the sum of them to each that starts later. */
export class Briefing {
  readonly #deps: BriefingDeps;
  #config: Config;
  #ticketKeys: readonly string[] | undefined;
  #healthy = false;
  /** That of the configuration, while it is undefined. */
  #logLevel: string | undefined;

  constructor(deps: BriefingDeps) {
    this.#deps = deps;
    this.#config = deps.config;
  }

  /** All of it, in order, for a worker that has started in `slot`. */
  *messages(slot: number): Generator<ToWorker> {
    const { workers, routerIp, errorPage } = this.#deps;
    yield { type: 'configure', config: this.#config, slot, workers, routerIp, errorPage };
    if (this.#ticketKeys !== undefined) yield { type: 'ticket-keys', keys: this.#ticketKeys };
    yield { type: 'health', healthy: this.#healthy };
    if (this.#logLevel !== undefined) yield { type: 'log-level', level: this.#logLevel };
  }

  health(healthy: boolean): void {
    this.#healthy = healthy;
    this.#deps.tellAll({ type: 'health', healthy });
  }

  logLevel(level: string): void {
    this.#logLevel = level;
    this.#deps.tellAll({ type: 'log-level', level });
  }

  /** Other certificates and rules for the HTTPS listeners; `config` names them for workers that start later. */
  frontTls(config: Config, tls: FrontTls): void {
    this.#config = config;
    this.#deps.tellAll({ type: 'front-tls', tls });
  }

  /** Base64, the newest first. */
  ticketKeys(keys: readonly string[]): void {
    this.#ticketKeys = keys;
    this.#deps.tellAll({ type: 'ticket-keys', keys });
  }
}
