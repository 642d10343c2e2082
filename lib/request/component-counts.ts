import { labelled } from '../labelled.ts';

/** What the requests to endpoints with one `component` tag came to (contract: operations.md 9 and 11). */
export interface ComponentCounts {
  /** Attempts at such endpoints, retries included. */
  attempts: number;
  /** Finished requests whose last endpoint was one of them. */
  requests: number;
  responses2xx: number;
  responses3xx: number;
  responses4xx: number;
  responses5xx: number;
  responsesOther: number;
  /** Of the latest of them: received to finished, and when that was (Unix ms, 0 = never). */
  latencyMs: number;
  finishedAtMs: number;
}

function zeroComponent(): ComponentCounts {
  return {
    attempts: 0,
    requests: 0,
    responses2xx: 0,
    responses3xx: 0,
    responses4xx: 0,
    responses5xx: 0,
    responsesOther: 0,
    latencyMs: 0,
    finishedAtMs: 0,
  };
}

/** The counts of a component, from its first use on. */
export function componentCounts(
  components: Map<string, ComponentCounts>,
  component: string,
): ComponentCounts {
  return labelled(components, component, zeroComponent);
}

/** Adds `more` onto `total`, in place; of the latest values the later one stays. */
export function addComponents(
  total: Map<string, ComponentCounts>,
  more: ReadonlyMap<string, ComponentCounts>,
): void {
  for (const [component, counts] of more) {
    const sum = componentCounts(total, component);
    sum.attempts += counts.attempts;
    sum.requests += counts.requests;
    sum.responses2xx += counts.responses2xx;
    sum.responses3xx += counts.responses3xx;
    sum.responses4xx += counts.responses4xx;
    sum.responses5xx += counts.responses5xx;
    sum.responsesOther += counts.responsesOther;
    if (counts.finishedAtMs < sum.finishedAtMs) continue;
    sum.finishedAtMs = counts.finishedAtMs;
    sum.latencyMs = counts.latencyMs;
  }
}
