import type { Scenario } from '../scenario.ts';
import { heartbeats } from './heartbeats.ts';
import { idleConnections } from './idle-connections.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { millionRequests } from './million-requests.ts';
import { newWorker } from './new-worker.ts';
import { propagation } from './propagation.ts';
import { requestCosts } from './request-cost.ts';
import { restartEmbedded, restartRedis } from './restart.ts';
import { slowReaders } from './slow-readers.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  heartbeats,
  newWorker,
  propagation,
  restartEmbedded,
  restartRedis,
  memory,
  ...requestCosts,
  latency,
  idleConnections,
  slowReaders,
  millionRequests,
];
