export interface DrainingDeps {
  /** Whether nothing is under way now. */
  readonly isEmpty: () => boolean;
  /** Called once, when the lane is to finish what runs. */
  readonly onBegin?: () => void;
  /** Called once, when all is finished. */
  readonly onEnd?: () => void;
}

/** The end of a lane: begun once, and over when nothing is under way and nothing more can come. */
export class Draining {
  readonly #deps: DrainingDeps;
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  /** Nothing more can come. */
  #complete = false;

  constructor(deps: DrainingDeps) {
    this.#deps = deps;
  }

  get begun(): boolean {
    return this.#promise !== undefined;
  }

  /** Resolves when it is over; `noMore` resolves when nothing more can come. Safe to call twice. */
  begin(noMore: Promise<void>): Promise<void> {
    if (this.#promise !== undefined) return this.#promise;
    this.#promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#deps.onBegin?.();
    void noMore.then(() => {
      this.#complete = true;
      this.check();
    });
    return this.#promise;
  }

  /** To be called whenever something ended. */
  check(): void {
    if (!this.#complete || this.#resolve === undefined || !this.#deps.isEmpty()) return;
    this.#deps.onEnd?.();
    this.#resolve();
    this.#resolve = undefined;
  }
}
