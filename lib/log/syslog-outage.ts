import type { Logger } from './logger.ts';

/** Says once that a syslog server cannot be written to, and once that it can again. */
export class SyslogOutage {
  readonly #log: Logger;
  readonly #syslog: string;
  #lasting = false;

  /** `syslog` names the server. */
  constructor(log: Logger, syslog: string) {
    this.#log = log;
    this.#syslog = syslog;
  }

  failed(error: Error): void {
    if (this.#lasting) return;
    this.#lasting = true;
    this.#log.error('error-emitting-access-log-to-writer-syslog', { error, syslog: this.#syslog });
  }

  worked(): void {
    if (!this.#lasting) return;
    this.#lasting = false;
    this.#log.info('access-log-writer-recovered', { syslog: this.#syslog });
  }
}
