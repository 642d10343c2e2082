import type { EndpointStates } from '../health/endpoint-states.ts';
import type { Logger } from '../log/logger.ts';
import type { Counters } from '../request/counters.ts';
import type { RequestRecord } from '../request/record.ts';
import type { RequestSettings } from '../request/settings.ts';
import type { RouteTable } from '../routes/route-table.ts';
import type { BodyRate } from './body-rate.ts';
import type { EndpointConnectionSettings } from './connection-pool.ts';

/** Limits of the connections from clients. */
export interface FrontSettings {
  /** Keep-alive without a next request; 0 = no limit. */
  readonly idleTimeoutMs: number;
  /** For a whole head; 0 = no limit. */
  readonly headTimeoutMs: number;
  /** Beyond it node's parser answers 431, before any policy. */
  readonly maxHeaderBytes: number;
  /** Of request bodies; undefined = no limit. */
  readonly bodyRate: BodyRate | undefined;
}

/** What every lane is given. */
export interface LaneDeps {
  /** The current copy of the table: asked once for each request. */
  readonly table: () => RouteTable;
  readonly states: EndpointStates;
  readonly settings: RequestSettings;
  readonly endpoints: EndpointConnectionSettings & {
    /** One attempt with its response body, for HTTP/1 clients; 0 = no limit. */
    readonly endpointTimeoutMs: number;
    /** The same for HTTP/2 clients. */
    readonly http2EndpointTimeoutMs: number;
    /** Name lookup and TCP connect for a request that wants to switch protocols; 0 = no limit. */
    readonly websocketDialTimeoutMs: number;
  };
  readonly front: FrontSettings;
  readonly counters: Counters;
  readonly onFinished: (record: RequestRecord) => void;
  readonly onEndpointFailed: (key: string, address: string, verdict: 'mark' | 'prune', error: string) => void;
  /** What a load balancer's health check on the traffic port is told. */
  readonly healthy: () => boolean;
  readonly logger: Logger;
  /** Unix ms. */
  readonly now: () => number;
  /** 0 <= x < 1. */
  readonly random: () => number;
}

/** What a lane has under way. */
export interface LaneFigures {
  readonly activeRequests: number;
  readonly openConnections: number;
  readonly openTunnels: number;
  readonly idleEndpointConnections: number;
}
