import { labelled } from '../labelled.ts';
import type { Endpoint } from '../routes/endpoint.ts';

/** What messages came to since the start, per URI (contract: operations.md 11, newer.md 8). */
export interface MessageCounts {
  added: number;
  updated: number;
  refreshed: number;
  /** Ignored: their modification tag is not later than the known one. */
  unmodified: number;
  /** URIs of unregister messages, whether found or not. */
  unregister: number;
}

/** What messages, cycles and reports came to since the start. */
export class RegistryCounters {
  /** By the `component` tag of the endpoint; empty for those without one. */
  readonly messages = new Map<string, MessageCounts>();
  unregistered = 0;
  pruned = 0;
  marked = 0;
  prunedOnFailure = 0;
  restored = 0;
  /** Route keys made by a register message, and removed by an unregister message. */
  routesRegistered = 0;
  routesUnregistered = 0;
  /** Of the endpoint that was added last and said when it was made: how long it took to get here. */
  registrationLatencyMs = 0;

  /** Those of the endpoint's component. */
  of(endpoint: Endpoint): MessageCounts {
    return labelled(this.messages, endpoint.tags?.component ?? '', zeroMessages);
  }

  /** Notes how long ago an added endpoint was made; what does not say it says nothing (bus.md 6). */
  observeAge(endpoint: Endpoint, nowMs: number): void {
    if (endpoint.updatedAtNs === '0') return;
    const latencyMs = nowMs - Number(endpoint.updatedAtNs) / 1e6;
    if (Number.isFinite(latencyMs)) this.registrationLatencyMs = latencyMs;
  }
}

function zeroMessages(): MessageCounts {
  return { added: 0, updated: 0, refreshed: 0, unmodified: 0, unregister: 0 };
}
