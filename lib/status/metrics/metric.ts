export type Labels = Readonly<Record<string, string>>;

/** One series of a metric at this moment. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
  /** Of a histogram's parts: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** One metric, read anew at each scrape. One without labels always has its one series; others from their first use. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  read(): Iterable<Sample>;
}

export function counter(name: string, help: string, value: () => number): Metric {
  return { name, type: 'counter', help, read: () => [{ value: value() }] };
}

export function gauge(name: string, help: string, value: () => number): Metric {
  return { name, type: 'gauge', help, read: () => [{ value: value() }] };
}

/** A metric with one label: `values` by its value. */
export function labelledMetric(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  label: string,
  values: () => Iterable<readonly [string, number]>,
): Metric {
  return {
    name,
    type,
    help,
    *read() {
      for (const [labelValue, value] of values()) yield { labels: { [label]: labelValue }, value };
    },
  };
}
