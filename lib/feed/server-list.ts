import { isIP } from 'node:net';
import { type ServerAddress, serverName } from './server-probe.ts';

/** A server to be tried. `tlsName` = the name its certificate must carry: members of a cluster are told by address. */
export interface Candidate extends ServerAddress {
  readonly tlsName: string;
}

/** The configured servers, and the members of their cluster as last told by one of them. */
export class ServerList {
  readonly #configured: readonly Candidate[];
  readonly #members = new Map<string, Candidate>();

  constructor(configured: readonly ServerAddress[]) {
    this.#configured = configured.map(({ hostname, port }) => ({ hostname, port, tlsName: hostname }));
  }

  /** Everybody once, in random order, so that routers spread over the servers. */
  round(random: () => number = Math.random): Candidate[] {
    const order = [...this.#configured, ...this.#members.values()];
    for (let i = order.length - 1; i > 0; i -= 1) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j] as Candidate, order[i] as Candidate];
    }
    return order;
  }

  /** `connect_urls` of a server's INFO: `host:port`. Those of `tlsName`'s cluster, so they carry its name. */
  learn(urls: readonly string[], tlsName: string): void {
    this.#members.clear();
    const configured = new Set(this.#configured.map(serverName));
    for (const url of urls) {
      if (configured.has(url) || !URL.canParse(`nats://${url}`)) continue;
      const { hostname, port } = new URL(`nats://${url}`);
      const host = hostname.replace(/^\[|\]$/g, '');
      this.#members.set(url, {
        hostname: host,
        port: Number(port || 4222),
        tlsName: isIP(host) === 0 ? host : tlsName,
      });
    }
  }
}
