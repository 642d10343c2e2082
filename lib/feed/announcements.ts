import type { Logger } from '../log/logger.ts';
import type { SubscriberOptions } from './subscriber-options.ts';

/** What announcements need of a connection to the bus. */
export interface Outlet {
  isClosed(): boolean;
  publish(subject: string, payload: string | Uint8Array): void;
}

/** What the router says on the bus, as far as there is a connection to say it on. Never throws. */
export class Announcements {
  readonly #options: Pick<SubscriberOptions, 'startMessage' | 'component'>;
  readonly #log: Logger;

  constructor(options: Pick<SubscriberOptions, 'startMessage' | 'component'>, log: Logger) {
    this.#options = options;
    this.#log = log;
  }

  /** The text of `router.start`, which answers greetings as well (bus.md 2). */
  startText(): string {
    return JSON.stringify(this.#options.startMessage());
  }

  start(outlet: Outlet | undefined): void {
    this.answerGreeting('router.start', outlet);
  }

  answerGreeting(reply: string, outlet: Outlet | undefined): void {
    this.#publish(reply, () => this.startText(), outlet);
  }

  /** Tells the router as a component; nothing when it is none. */
  component(subject: string, outlet: Outlet): void {
    const { component } = this.#options;
    if (component !== undefined) this.#publish(subject, component, outlet);
  }

  publish(subject: string, payload: Uint8Array, outlet: Outlet | undefined): void {
    this.#publish(subject, () => payload, outlet);
  }

  /** Nothing may be thrown into the package's reading of the connection, which would end without a word. */
  #publish(subject: string, payload: () => string | Uint8Array, outlet: Outlet | undefined): void {
    if (subject === '' || outlet === undefined || outlet.isClosed()) return;
    try {
      outlet.publish(subject, payload());
    } catch (error) {
      this.#log.error('nats-publish-failed', { error, subject });
    }
  }
}
