import type { ServerResponse } from 'node:http';
import { HttpBackend } from './http-backend.ts';

/** A backend that says its name, but keeps requests for `/hold` waiting until it is told to answer them. */
export class HoldingBackend {
  readonly #held: ServerResponse[] = [];
  readonly #name: string;
  #backend: HttpBackend | undefined;

  private constructor(name: string) {
    this.#name = name;
  }

  static async start(closing: (close: () => unknown) => void, name: string): Promise<HoldingBackend> {
    const holding = new HoldingBackend(name);
    holding.#backend = await HttpBackend.start(closing, name, (req, res) => {
      req.resume();
      if (req.url === '/hold') holding.#held.push(res);
      else res.end(name);
    });
    return holding;
  }

  get name(): string {
    return this.#name;
  }

  get port(): number {
    return this.#backend?.port ?? 0;
  }

  /** Requests that wait. */
  get held(): number {
    return this.#held.length;
  }

  /** Requests that ever came. */
  get requests(): number {
    return this.#backend?.requests ?? 0;
  }

  release(): void {
    for (const response of this.#held.splice(0)) response.end(this.#name);
  }
}
