import type { Logger } from '../log/logger.ts';
import type { KeeperStart } from '../store/keeper.ts';
import { planRestore } from '../store/restore.ts';
import type { LoadedSnapshot, SnapshotStore } from '../store/store.ts';
import type { Registry } from './registry.ts';

export interface WarmStartDeps {
  readonly store: SnapshotStore;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly now: () => number;
  /** An older snapshot is not used. */
  readonly maxAgeMs: number;
  /** How long a slow store may hold up the start. */
  readonly withinMs: number;
}

export interface WarmStart {
  /** Endpoints that are served again; 0 = a cold start. */
  readonly restored: number;
  /** How the keeper has to begin. */
  readonly begin: KeeperStart;
}

/** Damaged entries named one by one; beyond that they are only counted. */
const NAMED_DAMAGES = 5;

/**
 * Puts the last snapshot into the registry. Never rejects: whatever is wrong with the store costs the snapshot,
 * and a line that says why.
 */
export async function warmStart(deps: WarmStartDeps): Promise<WarmStart> {
  const { store, registry, logger, now } = deps;
  if (store.kind === 'none') return { restored: 0, begin: 'continue' };
  let loaded: LoadedSnapshot | undefined;
  try {
    loaded = await inTime(open(store), deps.withinMs);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    logger.warn('snapshot-not-restored', { store: store.kind, error: text });
    return { restored: 0, begin: 'open' };
  }
  const plan = planRestore(loaded, now(), deps.maxAgeMs);
  for (const damage of plan.damaged.slice(0, NAMED_DAMAGES)) {
    logger.warn('snapshot-entry-damaged', { store: store.kind, error: damage });
  }
  const restored = registry.restore(plan.routes, now());
  if (restored === 0) {
    logger.info('snapshot-not-restored', {
      store: store.kind,
      reason: plan.reason ?? 'nothing of it is for this router',
    });
  } else {
    logger.info('snapshot-restored', {
      store: store.kind,
      origin: plan.origin,
      routes: registry.routeCount,
      endpoints: restored,
      damaged: plan.damaged.length,
      age_ms: plan.ageMs,
    });
  }
  return { restored, begin: plan.begin };
}

async function open(store: SnapshotStore): Promise<LoadedSnapshot | undefined> {
  await store.open();
  return store.load();
}

/** The result, or a rejection once `ms` have passed; what comes later is dropped. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the store gave no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
