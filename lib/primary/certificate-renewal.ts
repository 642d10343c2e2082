import type { Config } from '../config/schema.ts';
import type { LoadedConfig } from '../config/settle.ts';
import type { Logger } from '../log/logger.ts';
import { certificateFacts, type FrontTls } from '../tls/front-tls.ts';
import { statusTls } from '../tls/status-tls.ts';
import { renewFrontTls } from './renew-front-tls.ts';
import { TicketKeys } from './ticket-keys.ts';

export interface CertificateRenewalDeps {
  /** Reads the configuration again, as the operator gave it at start. */
  readonly reload: () => LoadedConfig;
  /** Puts certificates and rules into effect, for the connections that come from now on. */
  readonly renew: (config: Config, tls: FrontTls) => void;
  /** The same for the health listener. */
  readonly renewHealth: (config: Config) => void;
  readonly tellTicketKeys: (keys: readonly string[]) => void;
  readonly logger: Logger;
}

/** What changes of listeners with TLS while they listen: the certificates with their rules, and the tickets' keys. */
export class CertificateRenewal {
  readonly #deps: CertificateRenewalDeps;
  readonly #ticketKeys: TicketKeys;
  #config: Config;
  #due: NodeJS.Immediate | undefined;

  constructor(config: Config, deps: CertificateRenewalDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#ticketKeys = new TicketKeys(deps.tellTicketKeys);
  }

  start(): void {
    if (this.#config.enable_ssl) this.#ticketKeys.start();
  }

  /**
   * Reads the configuration again and takes from it what may change. A broken one changes nothing. Asked for many times
   * at once, it does so once.
   */
  renew(): void {
    if (!this.#config.enable_ssl && statusTls(this.#config) === undefined) return;
    this.#due ??= setImmediate(() => {
      this.#due = undefined;
      this.#renewNow();
    });
  }

  #renewNow(): void {
    const { reload, renew, renewHealth, logger } = this.#deps;
    const renewal = renewFrontTls(this.#config, reload());
    if (renewal.kind === 'refused') {
      for (const error of renewal.errors) logger.error('certificates-not-reloaded', { error });
      return;
    }
    const { renewed, ignored } = renewal;
    if (ignored.length > 0) logger.warn('reload-needs-restart', { keys: ignored });
    if (renewed === undefined) return;
    const { config, tls, health } = renewed;
    this.#config = config;
    if (tls !== undefined) {
      renew(config, tls);
      this.#ticketKeys.rotate();
    }
    // Its rules are those of the HTTPS listener.
    renewHealth(config);
    const { certificate: cert, key } = config.status.tls;
    logger.info('certificates-reloaded', {
      ...(tls === undefined ? {} : { certificates: certificateFacts(tls) }),
      ...(health ? { health: certificateFacts({ certificates: [{ cert, key }] }) } : {}),
    });
  }

  stop(): void {
    clearImmediate(this.#due);
    this.#ticketKeys.stop();
  }
}
