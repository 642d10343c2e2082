/** What `router.start` and the answer to `router.greet` tell emitters (bus.md 3), in the order of the wire. */
export interface StartMessage {
  /** `<index>-<uuid>`, the uuid made once per life of the process. */
  readonly id: string;
  readonly hosts: readonly [string];
  readonly minimumRegisterIntervalInSeconds: number;
  readonly pruneThresholdInSeconds: number;
}

export interface RouterIdentity {
  /** Config `index`. */
  readonly index: number;
  /** Random UUID of this process. */
  readonly uuid: string;
  /** The address others reach this host at. */
  readonly localAddress: string;
  /** Config `start_response_delay_interval`: emitters have to register at least this often. */
  readonly startResponseDelayMs: number;
  /** The router's effective stale threshold (registry.md 6). */
  readonly staleThresholdMs: number;
}

/** Seconds are whole ones, cut off rather than rounded. */
export function startMessage(router: RouterIdentity): StartMessage {
  return {
    id: `${router.index}-${router.uuid}`,
    hosts: [router.localAddress],
    minimumRegisterIntervalInSeconds: Math.trunc(router.startResponseDelayMs / 1000),
    pruneThresholdInSeconds: Math.trunc(router.staleThresholdMs / 1000),
  };
}
