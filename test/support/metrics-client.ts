import { until } from './until.ts';

/** The series of a metrics page: `name{label="value"}` as it stands there, and its value. */
export type Series = ReadonlyMap<string, number>;

export function parseMetrics(text: string): Series {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Where a router says on stderr that its metrics are. */
export async function metricsUrl(router: { readonly output: string }): Promise<string> {
  const address = await until(
    () => /Metrics endpoint is listening on (127\.0\.0\.1:\d+\/metrics)\n/.exec(router.output)?.[1],
    'the address of the metrics',
  );
  return `http://${address}`;
}

export async function scrape(url: string): Promise<Series> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return parseMetrics(await response.text());
}
