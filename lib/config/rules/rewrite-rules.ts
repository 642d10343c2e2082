import { isBeyondRewrite } from '../../request/rewrite.ts';
import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

const RESPONSES = 'http_rewrite.responses';
const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what ends a field
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/u;

interface NamedRule {
  readonly key: string;
  readonly name: string;
}

/** http.md 12: what is no field could not be sent. */
export function* rewriteRules(config: Config): Generator<Violation> {
  for (const { key, name } of namedRules(config)) {
    if (TOKEN.test(name) || name === '') continue; // an empty name is told by the schema
    yield {
      key: `${key}.name`,
      found: JSON.stringify(name),
      allowed: 'the name of a header field: letters, digits and -',
      message: `${key}.name: ${JSON.stringify(name)} is no name of a header field`,
    };
  }
  for (const [i, { value }] of config.http_rewrite.responses.add_headers_if_not_present.entries()) {
    if (!CONTROL.test(value)) continue;
    const key = `${RESPONSES}.add_headers_if_not_present[${i}].value`;
    yield {
      key,
      found: 'a text with a line end or another control character',
      allowed: 'one line of text',
      message: `${key} holds a control character`,
    };
  }
}

/** Rules that are left out, since the message could no longer be told from the next one. */
export function* idleRewrites(config: Config): Generator<Violation> {
  for (const { key, name } of namedRules(config)) {
    if (!isBeyondRewrite(name)) continue;
    yield {
      key: `${key}.name`,
      found: JSON.stringify(name),
      allowed: 'fields that do not belong to a connection or to the length of a message',
      message: `${key}: ${name} is the router's own to set, the rule has no effect`,
    };
  }
}

function* namedRules(config: Config): Generator<NamedRule> {
  const { add_headers_if_not_present: add, remove_headers: remove } = config.http_rewrite.responses;
  for (const [i, { name }] of add.entries())
    yield { key: `${RESPONSES}.add_headers_if_not_present[${i}]`, name };
  for (const [i, { name }] of remove.entries()) yield { key: `${RESPONSES}.remove_headers[${i}]`, name };
}
