import { HeaderNames, sameName } from './header-names.ts';
import { isHopByHop } from './hop-by-hop.ts';

/** `http_rewrite.responses`. */
export interface RewriteRules {
  readonly remove: readonly string[];
  /** Several with one name are all added. Values may hold any character: they are sent in UTF-8. */
  readonly addIfAbsent: readonly { readonly name: string; readonly value: string }[];
}

/** A head's fields (name, value, ...) as they are sent instead. */
export type HeaderRewrite = (headers: readonly string[]) => string[];

/** Whether a field belongs to the framing of a message or to one connection: not for rules to change. */
export function isBeyondRewrite(name: string): boolean {
  return isHopByHop(name) || sameName(name, 'content-length');
}

/**
 * What changes the head of every answer that passed the handlers (contract: http.md 12): removes first, then adds what
 * is absent. Undefined when there is nothing to change.
 */
export function headerRewrite(rules: RewriteRules): HeaderRewrite | undefined {
  const remove = rules.remove.filter((name) => !isBeyondRewrite(name));
  const add = rules.addIfAbsent
    .filter(({ name }) => !isBeyondRewrite(name))
    .map(({ name, value }) => ({
      name: canonicalName(name),
      lowerName: name.toLowerCase(),
      value: Buffer.from(value, 'utf8').toString('latin1'),
    }));
  if (remove.length === 0 && add.length === 0) return undefined;
  const removed = new HeaderNames(remove.map((name) => [name.toLowerCase(), true] as const));
  return (headers) => {
    const out: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      if (removed.get(headers[i]!) !== true) out.push(headers[i]!, headers[i + 1]!);
    }
    const before = out.length;
    for (const { name, lowerName, value } of add) {
      let present = false;
      for (let i = 0; i < before && !present; i += 2) present = sameName(out[i]!, lowerName);
      if (!present) out.push(name, value);
    }
    return out;
  };
}

/** `x-frame-OPTIONS` as gorouter writes it: `X-Frame-Options`. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}
