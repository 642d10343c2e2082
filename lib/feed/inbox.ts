import type { Logger } from '../log/logger.ts';
import { OncePerSecond } from '../log/once-per-second.ts';
import type { Registration } from '../routes/endpoint.ts';
import { type ParsedMessage, type ParseOptions, parseRegistration } from './message.ts';
import { RepeatedMessages } from './repeated-messages.ts';

export interface InboxEvents {
  onRegister(registration: Registration): void;
  onUnregister(registration: Registration): void;
}

export interface InboxCounters {
  /** Messages on `router.*`, those without meaning for us included. */
  received: number;
  registers: number;
  unregisters: number;
  /** Dropped for what they say. */
  invalid: number;
  /** Entries of `options` left out of messages that were accepted. */
  invalidOptions: number;
}

/** Longer payloads are cut in the log. */
const MAX_LOGGED_PAYLOAD = 32_768;

/** What other routers say, or what is answered elsewhere: nothing to parse, and no mistake of anybody (bus.md 2). */
const NOT_FOR_US: ReadonlySet<string> = new Set(['router.start', 'router.greet', 'router.active_apps']);

/** Takes the messages of `router.*` in the order in which they come, one at a time. Never throws. */
export class Inbox {
  readonly counters: InboxCounters = {
    received: 0,
    registers: 0,
    unregisters: 0,
    invalid: 0,
    invalidOptions: 0,
  };
  readonly #parseOptions: ParseOptions;
  readonly #events: InboxEvents;
  readonly #log: Logger;
  readonly #limit: OncePerSecond;
  readonly #repeated = new RepeatedMessages();

  constructor(parseOptions: ParseOptions, events: InboxEvents, log: Logger, nowMs = () => performance.now()) {
    this.#parseOptions = parseOptions;
    this.#events = events;
    this.#log = log;
    this.#limit = new OncePerSecond(nowMs);
  }

  take(subject: string, payload: Uint8Array): void {
    this.counters.received += 1;
    if (NOT_FOR_US.has(subject)) return;
    const isRegister = subject === 'router.register';
    const repeated = isRegister ? this.#repeated.recall(payload) : undefined;
    if (repeated !== undefined) {
      this.#tell(subject, repeated);
      return;
    }
    const message = parseRegistration(payload, this.#parseOptions);
    if (!message.ok) {
      this.counters.invalid += 1;
      this.#complain(message.kind, 'validation-error', () => ({
        error: message.error,
        payload: loggedText(payload),
        subject,
      }));
      return;
    }
    if (subject !== 'router.register' && subject !== 'router.unregister') return;
    if (message.optionProblems.length > 0) this.#reportOptions(message);
    // One with problems is parsed each time, so that they are reported each time.
    else if (isRegister) this.#repeated.remember(message.registration);
    this.#tell(subject, message.registration);
    if (!isRegister && this.#log.enabled('debug')) {
      this.#log.debug('unregister-route', { message: loggedText(payload) });
    }
  }

  #tell(subject: string, registration: Registration): void {
    try {
      if (subject === 'router.register') {
        this.counters.registers += 1;
        this.#events.onRegister(registration);
      } else {
        this.counters.unregisters += 1;
        this.#events.onUnregister(registration);
      }
    } catch (error) {
      // Thrown on, it would end the reading of the connection without a word. This message is lost, no other.
      this.#complain('failed', 'message-handler-failed', () => ({ error, subject }));
    }
  }

  #reportOptions({ optionProblems, registration }: ParsedMessage): void {
    for (const { option, reason, value } of optionProblems) {
      this.counters.invalidOptions += 1;
      this.#complain(`option ${option}`, 'route-option-ignored', () => ({
        option,
        reason,
        value,
        used: 'the router-wide setting',
        uris: registration.uris,
      }));
    }
  }

  #complain(kind: string, message: string, facts: () => Record<string, unknown>): void {
    const held = this.#limit.admit(kind);
    if (held === undefined) return;
    this.#log.error(message, held === 0 ? facts() : { ...facts(), not_logged: held });
  }
}

function loggedText(payload: Uint8Array): string {
  return Buffer.from(payload).toString('utf8').slice(0, MAX_LOGGED_PAYLOAD);
}
