import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

/** W3C Trace Context §3.3.1.3.1, but for upper case, which gorouter has always let through. */
const TENANT = /^[a-z0-9][a-z0-9_\-*/]{0,240}$/iu;

/** A key that other systems cannot read would cost them all of the tracestate. */
export function* tracingRules({ tracing }: Config): Generator<Violation> {
  const { w3c_tenant_id: tenant } = tracing;
  if (tenant === '' || TENANT.test(tenant)) return;
  yield {
    key: 'tracing.w3c_tenant_id',
    found: JSON.stringify(tenant),
    allowed: 'up to 241 letters, digits, _, -, * and /, a letter or digit first',
    message: `tracing.w3c_tenant_id ${JSON.stringify(tenant)} cannot be part of a key in tracestate`,
  };
}
