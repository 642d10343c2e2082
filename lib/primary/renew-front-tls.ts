import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.ts';
import type { LoadedConfig } from '../config/settle.ts';
import { FRONT_TLS_KEYS, type FrontTls, frontTls } from '../tls/front-tls.ts';
import { statusTls } from '../tls/status-tls.ts';

/** What a configuration that was read anew means for the listeners with TLS. */
export type FrontTlsRenewal =
  /** It has errors: all stays as it is. */
  | { readonly kind: 'refused'; readonly errors: readonly string[] }
  | {
      readonly kind: 'read';
      readonly renewed: RenewedFrontTls | undefined;
      readonly ignored: readonly string[];
    };

export interface RenewedFrontTls {
  /** The configuration so far, with the new certificates and rules. */
  readonly config: Config;
  /** Of the HTTPS listener; undefined when it is off, or has none. */
  readonly tls: FrontTls | undefined;
  /** Whether the health listener has another certificate. */
  readonly health: boolean;
}

const RENEWED: ReadonlySet<string> = new Set(FRONT_TLS_KEYS);

/**
 * Takes the certificates and rules of the HTTPS listener, and the certificate of the health listener, from a
 * configuration that was read anew. `renewed` is undefined when they are the same; `ignored` names the other keys that
 * have changed, which only a restart puts into effect.
 */
export function renewFrontTls(current: Config, read: LoadedConfig): FrontTlsRenewal {
  const errors = read.problems.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  if (errors.length > 0) return { kind: 'refused', errors };
  const health = hasOtherHealthCertificate(current, read.config);
  const before = health
    ? { ...current, status: withCertificate(current.status, read.config.status) }
    : current;
  const changed = (Object.keys(read.config) as (keyof Config)[]).filter(
    (key) => !isDeepStrictEqual(read.config[key], before[key]),
  );
  const ignored = changed.filter((key) => !RENEWED.has(key));
  const front = current.enable_ssl && changed.length > ignored.length;
  if (!front && !health) return { kind: 'read', renewed: undefined, ignored };
  const taken = front ? Object.fromEntries(FRONT_TLS_KEYS.map((key) => [key, read.config[key]])) : {};
  const config: Config = { ...before, ...taken };
  return { kind: 'read', renewed: { config, tls: front ? frontTls(config) : undefined, health }, ignored };
}

/** Switched on or off, the listener needs a restart. */
function hasOtherHealthCertificate(current: Config, read: Config): boolean {
  if (statusTls(current) === undefined || statusTls(read) === undefined) return false;
  const { certificate, key } = current.status.tls;
  return certificate !== read.status.tls.certificate || key !== read.status.tls.key;
}

function withCertificate(status: Config['status'], { tls }: Config['status']): Config['status'] {
  return { ...status, tls: { ...status.tls, certificate: tls.certificate, key: tls.key } };
}
