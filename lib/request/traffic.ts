import { labelled } from '../labelled.ts';
import { LATENCY_BOUNDS_MS, latencyBucket } from './counters.ts';
import type { RequestRecord } from './record.ts';

/** Requests by app and component, since they were last reported: what only pages and messages of older generations show. */
export interface Traffic {
  /** Finished requests by app id. */
  readonly apps: Map<string, number>;
  /** By the `component` tag: counts per bucket of LATENCY_BOUNDS_MS, then one for everything above. */
  readonly latency: Map<string, number[]>;
}

export function noTraffic(): Traffic {
  return { apps: new Map(), latency: new Map() };
}

const noLatency = (): number[] => new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);

/** Adds a finished request; one that reached no endpoint is no app's. */
export function countTraffic({ apps, latency }: Traffic, record: RequestRecord): void {
  const { endpoint } = record;
  if (endpoint === undefined) return;
  const { appId } = endpoint;
  if (appId !== '') apps.set(appId, (apps.get(appId) ?? 0) + 1);
  const component = endpoint.tags?.component ?? '';
  if (component === '' || record.upgraded) return;
  labelled(latency, component, noLatency)[latencyBucket(record.responseTimeMs)]! += 1;
}

export function copyTraffic({ apps, latency }: Traffic): Traffic {
  return {
    apps: new Map(apps),
    latency: new Map([...latency].map(([component, counts]) => [component, counts.slice()])),
  };
}

export function clearTraffic({ apps, latency }: Traffic): void {
  apps.clear();
  latency.clear();
}

/** Adds `more` onto `total`, in place. */
export function addLatency(total: Map<string, number[]>, more: ReadonlyMap<string, readonly number[]>): void {
  for (const [component, counts] of more) {
    const sum = labelled(total, component, noLatency);
    counts.forEach((count, i) => {
      sum[i]! += count;
    });
  }
}
