import { RouterError } from '../errors.ts';
import type { ListenMode, TrafficPorts } from '../ipc/messages.ts';
import type { WorkerState } from './worker-slot.ts';

/** What the opening knows of a worker's place. */
export interface OpeningSlot {
  readonly state: WorkerState;
  /** Whether its last worker died before it had settled. */
  readonly failing: boolean;
  /** Has its worker listen: `opening` from now on. */
  listen(ports: TrafficPorts): void;
}

/** Has the workers open their listeners, those included that come later, and says when the router is open. */
export class Opening {
  readonly #slots: readonly OpeningSlot[];
  #ports: TrafficPorts | undefined;
  #portsAreKnown = false;
  #ended = false;
  #waiting: { resolve: (ports: TrafficPorts) => void; reject: (error: Error) => void } | undefined;

  constructor(slots: readonly OpeningSlot[]) {
    this.#slots = slots;
  }

  /** Workers that listen. */
  get listening(): number {
    return this.#slots.filter((slot) => slot.state === 'listening').length;
  }

  /** Resolves with the ports when all listen, but for those that keep dying; rejects with LISTEN_FAILED. */
  open(ports: TrafficPorts): Promise<TrafficPorts> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#ports = ports;
      this.next();
    });
  }

  /** Tells who is ready to listen. Port 0 is for one worker to resolve; the others then take the same. */
  next(): void {
    if (this.#ports === undefined || this.#ended) return;
    for (const slot of this.#slots) {
      if (slot.state !== 'ready') continue;
      const isBeingChosen = !this.#portsAreKnown && (this.#ports.http === 0 || this.#ports.https === 0);
      if (isBeingChosen && this.#slots.some(({ state }) => state === 'opening')) return;
      slot.listen(this.#ports);
    }
  }

  /** A worker listens, and its slot knows. */
  opened(ports: TrafficPorts, mode: ListenMode): void {
    this.#portsAreKnown = true;
    // node:cluster gives all who ask for a shared port 0 the same one, and nothing to who asks for it by number.
    if (mode === 'reuse-port') this.#ports = ports;
    this.next();
    this.#settle(ports);
  }

  /** A worker cannot listen. True when that is the answer to `open`; a router that is open has lost only a worker. */
  failed(message: string): boolean {
    if (this.#waiting === undefined) return false;
    this.#waiting.reject(new RouterError('LISTEN_FAILED', message));
    this.#waiting = undefined;
    return true;
  }

  /** A worker is gone: perhaps the one that was to find a port, or the last that had not died before. */
  lost(): void {
    this.next();
    this.#settle(this.#ports);
  }

  /** Nobody is told to listen from now on. */
  end(): void {
    this.#ended = true;
  }

  #settle(ports: TrafficPorts | undefined): void {
    if (this.#waiting === undefined || ports === undefined || this.listening === 0) return;
    // One that keeps dying must not keep the others from being used.
    if (!this.#slots.every((slot) => slot.state === 'listening' || slot.failing)) return;
    this.#waiting.resolve(ports);
    this.#waiting = undefined;
  }
}
