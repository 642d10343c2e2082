import type { RouteSet } from './bench-route.ts';

/** What the publisher's process is told. */
export type ToPublisher =
  | { readonly type: 'begin'; readonly natsPort: number; readonly routes: RouteSet }
  /** Every route once. */
  | { readonly type: 'register'; readonly perSecond: number }
  /** Route after route, over and over, until `stop`. */
  | { readonly type: 'heartbeats'; readonly perSecond: number }
  | { readonly type: 'stop' };

export type FromPublisher =
  | { readonly type: 'begun' }
  | { readonly type: 'registered' }
  | { readonly type: 'stopped'; readonly sent: number };
