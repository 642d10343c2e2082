import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TlsOptions } from 'node:tls';
import type { Logger } from '../../log/logger.ts';
import { answerPieces } from '../answer-pieces.ts';
import { answerNotFound } from '../answers.ts';
import type { ListenerTls } from '../secure-server.ts';
import { type ListenAddress, StatusListener } from '../status-listener.ts';
import { Descriptors } from './descriptors.ts';
import { Exposition } from './exposition.ts';
import { gorouterMetrics } from './gorouter-metrics.ts';
import { OneScrape } from './one-scrape.ts';
import { ownMetrics } from './own-metrics.ts';
import type { MetricSources } from './sources.ts';

export interface MetricsSettings {
  /** `prometheus.port`; 0 = any free one. */
  readonly port: number;
  readonly perRequest: boolean;
  readonly perApp: boolean;
  /** Mutual TLS, when it is given. */
  readonly tls?: ListenerTls;
}

const HOST = '127.0.0.1';
const LIMIT_MS = 10_000;

/** `GET /metrics` for Prometheus, on loopback (contract: operations.md 11). */
export class MetricsServer {
  readonly #exposition: Exposition;
  readonly #descriptors: Descriptors;
  readonly #listener: StatusListener;
  readonly #sources: OneScrape;

  constructor(settings: MetricsSettings, live: MetricSources, log: Logger) {
    const sources = new OneScrape(live);
    this.#sources = sources;
    const descriptors = new Descriptors(() => [process.pid, ...live.workers().map(({ pid }) => pid)]);
    this.#descriptors = descriptors;
    this.#exposition = new Exposition(
      [
        ...gorouterMetrics(sources, {
          perRequest: settings.perRequest,
          perApp: settings.perApp,
          descriptors: () => [...descriptors.counts.values()].reduce((sum, count) => sum + count, 0),
        }),
        ...ownMetrics(sources, (pid) => descriptors.counts.get(pid)),
      ],
      (metric, error) => log.error('metric-failed', { metric, error }),
    );
    this.#listener = new StatusListener({
      host: HOST,
      port: settings.port,
      limitMs: LIMIT_MS,
      log,
      handle: (path, request, response) => this.#serve(path, request, response),
      ...(settings.tls === undefined ? {} : { tls: settings.tls }),
    });
  }

  /** Rejects with LISTEN_FAILED. */
  async start(): Promise<ListenAddress> {
    const address = await this.#listener.start();
    this.#descriptors.start();
    return address;
  }

  /** Other certificates, for the connections that come from now on. */
  renewTls(options: TlsOptions): void {
    this.#listener.renewTls(options);
  }

  /** May be called twice, or before start. */
  async stop(): Promise<void> {
    this.#descriptors.stop();
    await this.#listener.stop();
  }

  async #serve(path: string, _: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path !== '/metrics') {
      answerNotFound(response);
      return;
    }
    this.#sources.begin();
    await this.#descriptors.know();
    const { contentType } = this.#exposition;
    await answerPieces(response, { 'Content-Type': contentType }, this.#exposition.pieces());
  }
}
