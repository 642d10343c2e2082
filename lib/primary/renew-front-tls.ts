import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.ts';
import type { LoadedConfig } from '../config/settle.ts';
import { FRONT_TLS_KEYS, type FrontTls, frontTls } from '../tls/front-tls.ts';

/** What a configuration that was read anew means for the HTTPS listener. */
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
  readonly tls: FrontTls;
}

const RENEWED: ReadonlySet<string> = new Set(FRONT_TLS_KEYS);

/**
 * Takes the certificates and rules of the HTTPS listener from a configuration that was read anew. `renewed` is undefined
 * when they are the same; `ignored` names the other keys that have changed, which only a restart puts into effect.
 */
export function renewFrontTls(current: Config, read: LoadedConfig): FrontTlsRenewal {
  const errors = read.problems.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  if (errors.length > 0) return { kind: 'refused', errors };
  const changed = (Object.keys(read.config) as (keyof Config)[]).filter(
    (key) => !isDeepStrictEqual(read.config[key], current[key]),
  );
  const ignored = changed.filter((key) => !RENEWED.has(key));
  const taken = Object.fromEntries(FRONT_TLS_KEYS.map((key) => [key, read.config[key]]));
  const config: Config = { ...current, ...taken };
  const tls = frontTls(config);
  if (tls === undefined || changed.length === ignored.length) {
    return { kind: 'read', renewed: undefined, ignored };
  }
  return { kind: 'read', renewed: { config, tls }, ignored };
}
