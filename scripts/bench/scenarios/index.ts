import type { Scenario } from '../scenario.ts';
import { heartbeats } from './heartbeats.ts';
import { memory } from './memory.ts';
import { newWorker } from './new-worker.ts';
import { propagation } from './propagation.ts';
import { requestCosts } from './request-cost.ts';
import { restartEmbedded, restartRedis } from './restart.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  heartbeats,
  newWorker,
  propagation,
  restartEmbedded,
  restartRedis,
  memory,
  ...requestCosts,
];
