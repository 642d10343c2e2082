import { promisify } from 'node:util';
import { deflate } from 'node:zlib';

const compress = promisify(deflate);

export interface ActiveAppsDeps {
  readonly everyMs: number;
  /** Apps with requests since the last time this was asked. */
  readonly take: () => readonly string[];
  /** Whether the bus can be reached: while it cannot, apps are kept for later. */
  readonly connected: () => boolean;
  readonly publish: (subject: string, payload: Uint8Array) => void;
}

/** Tells the bus on an interval which apps were in use, an empty list too (contract: bus.md 8). */
export class ActiveApps {
  readonly #deps: ActiveAppsDeps;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: ActiveAppsDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { everyMs } = this.#deps;
    if (everyMs > 0) this.#timer ??= setInterval(() => void this.#tell(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #tell(): Promise<void> {
    const { take, connected, publish } = this.#deps;
    if (!connected()) return;
    publish('router.active_apps', await compress(JSON.stringify(take())));
  }
}
