import type { Labels, Metric, Sample } from './metric.ts';

const ERRORS = 'promhttp_metric_handler_errors_total';
/** Series in one piece: a fraction of a millisecond. */
const PER_PIECE = 100;

/**
 * The metrics as the text that Prometheus reads (text format 0.0.4), piece by piece: with a series for each of ten
 * thousand apps the whole takes longer than the event loop may be held up.
 */
export class Exposition {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #metrics: readonly Metric[];
  readonly #onError: (metric: string, error: unknown) => void;
  #gatheringErrors = 0;

  /** `onError`: a metric could not be read; it is missing in this text, the others are there. */
  constructor(metrics: readonly Metric[], onError: (metric: string, error: unknown) => void) {
    const errors: Metric = {
      name: ERRORS,
      type: 'counter',
      help: 'Metrics that could not be read, by cause.',
      read: () => [
        { labels: { cause: 'encoding' }, value: 0 },
        { labels: { cause: 'gathering' }, value: this.#gatheringErrors },
      ],
    };
    // Last, so that it counts what went wrong with those before.
    this.#metrics = [...metrics, errors];
    this.#onError = onError;
  }

  /** A metric without series is left out, as Go's library does. */
  *pieces(): Generator<string, void> {
    for (const metric of this.#metrics) {
      const samples = this.#read(metric);
      const { name, type, help } = metric;
      if (samples.length > 0) yield `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`;
      for (let at = 0; at < samples.length; at += PER_PIECE) {
        let text = '';
        for (const { suffix = '', labels, value } of samples.slice(at, at + PER_PIECE)) {
          text += `${name}${suffix}${labelText(labels)} ${numberText(value)}\n`;
        }
        yield text;
      }
    }
  }

  #read(metric: Metric): readonly Sample[] {
    try {
      return [...metric.read()];
    } catch (error) {
      this.#gatheringErrors += 1;
      this.#onError(metric.name, error);
      return [];
    }
  }
}

function labelText(labels: Labels | undefined): string {
  if (labels === undefined) return '';
  const parts = Object.entries(labels).map(([label, value]) => `${label}="${escapedValue(value)}"`);
  return `{${parts.join(',')}}`;
}

function escapedValue(text: string): string {
  return /["\\\n]/.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
    : text;
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
