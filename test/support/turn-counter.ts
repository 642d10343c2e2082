/** Counts the turns of the event loop, to show how much of a task is done without giving way. */
export class TurnCounter {
  turns = 0;
  #next: NodeJS.Immediate | undefined;

  static start(closing: (close: () => unknown) => void): TurnCounter {
    const counter = new TurnCounter();
    closing(() => clearImmediate(counter.#next));
    counter.#count();
    return counter;
  }

  #count(): void {
    this.#next = setImmediate(() => {
      this.turns += 1;
      this.#count();
    });
  }
}
