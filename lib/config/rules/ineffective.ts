import { EXTRA_FIELDS } from '../../log/access-options.ts';
import { cipherSuiteError, missingSuites } from '../../tls/cipher-suites.ts';
import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

const MIB = 1024 * 1024;

/** Values that are accepted and then not used as they stand. Looks at the values before derive.ts changes them. */
export function* ineffective(read: Config): Generator<Violation> {
  if (read.max_request_header_bytes > MIB) {
    yield {
      key: 'max_request_header_bytes',
      found: `the number ${read.max_request_header_bytes}`,
      allowed: `0 to ${MIB}`,
      message: `innefectual-max-header-bytes-value: max_request_header_bytes is cut to ${MIB}`,
    };
  }
  if (read.enable_ssl && cipherSuiteError(read.cipher_suites) === undefined) {
    const missing = missingSuites(read.cipher_suites);
    if (missing.length > 0) {
      yield {
        key: 'cipher_suites',
        found: missing.join(':'),
        allowed: 'suites that OpenSSL still has',
        message: `cipher_suites ${missing.join(':')} cannot be used: OpenSSL has no such suites any more`,
      };
    }
  }
  // gorouter takes no credentials with a second colon (operations.md 9). The password may stand in a log that others read, so its text is not shown.
  for (const key of ['user', 'pass'] as const) {
    if (!read.status[key].includes(':')) continue;
    yield {
      key: `status.${key}`,
      found: 'a text with a colon',
      allowed: 'a text without one: Basic authentication ends the user at a colon',
      message: `status.${key} holds a colon: nobody can log in to /routes, /varz and /workers`,
    };
  }
  const fields = read.logging.extra_access_log_fields;
  for (const [i, name] of fields.entries()) {
    if (EXTRA_FIELDS.some((known) => known === name)) continue;
    yield {
      key: `logging.extra_access_log_fields[${i}]`,
      found: JSON.stringify(name),
      allowed: EXTRA_FIELDS.join(', '),
      message: `logging.extra_access_log_fields: there is no field ${JSON.stringify(name)}, it is left out`,
    };
  }
}
