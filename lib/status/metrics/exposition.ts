import { type Metric as LibraryMetric, Registry } from 'prom-client';
import type { Metric, Sample } from './metric.ts';

const ERRORS = 'promhttp_metric_handler_errors_total';

/** The metrics as the text that Prometheus reads (text format 0.0.4). */
export class Exposition {
  readonly #registry = new Registry();
  readonly #onError: (metric: string, error: unknown) => void;
  #gatheringErrors = 0;

  /** `onError`: a metric could not be read; it is missing in this text, the others are there. */
  constructor(metrics: readonly Metric[], onError: (metric: string, error: unknown) => void) {
    this.#onError = onError;
    for (const metric of metrics) this.#add(metric);
    // Last, so that it counts what went wrong with those before.
    this.#add({
      name: ERRORS,
      type: 'counter',
      help: 'Metrics that could not be read, by cause.',
      read: () => [
        { labels: { cause: 'encoding' }, value: 0 },
        { labels: { cause: 'gathering' }, value: this.#gatheringErrors },
      ],
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /**
   * The library's own metrics keep the values that they are told. Ours are somebody else's, and only read: the library
   * asks for no more than a name and `get`.
   */
  #add(metric: Metric): void {
    const { name, type, help } = metric;
    const get = () => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: this.#read(metric).map(({ labels, value, suffix = '' }) => ({
        metricName: `${name}${suffix}`,
        labels: labels ?? {},
        value,
      })),
    });
    this.#registry.registerMetric({ name, get } as unknown as LibraryMetric);
  }

  #read(metric: Metric): Sample[] {
    try {
      return [...metric.read()];
    } catch (error) {
      this.#gatheringErrors += 1;
      this.#onError(metric.name, error);
      return [];
    }
  }
}
