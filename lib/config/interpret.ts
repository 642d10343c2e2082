import { parseDuration } from './duration.ts';
import type { Fields, Option, Section } from './option.ts';
import type { ConfigProblem } from './problem.ts';
import { booleanOf, isNull, scalarValue } from './scalar.ts';
import { isSection, schema } from './schema.ts';
import type { Tree, TreeEntry, TreeMap } from './tree.ts';
import { unknownKey } from './unknown-key.ts';
import { allowedWords, foundWords, goTypeError, sectionWords } from './wording.ts';

/** A document held against the schema: a value for every key, its default where the file has none or a bad one. */
export interface Interpreted {
  readonly values: Record<string, unknown>;
  /** The keys that the file gives, and where. */
  readonly lines: ReadonlyMap<string, number>;
  readonly problems: ConfigProblem[];
}

export function interpret(root: TreeMap | undefined): Interpreted {
  const reader = new Reader();
  const values = reader.fields(schema, root, '');
  return { values, lines: reader.lines, problems: reader.problems };
}

class Reader {
  readonly problems: ConfigProblem[] = [];
  readonly lines = new Map<string, number>();

  fields(fields: Fields, map: TreeMap | undefined, prefix: string): Record<string, unknown> {
    const given = new Map<string, TreeEntry>();
    for (const entry of map?.entries ?? []) {
      if (entry.key !== undefined && Object.hasOwn(fields, entry.key)) given.set(entry.key, entry);
      else this.problems.push(unknownKey(entry, fields, prefix));
    }
    const values: Record<string, unknown> = {};
    for (const [key, declared] of Object.entries(fields)) {
      const name = prefix + key;
      const entry = given.get(key);
      if (entry !== undefined) this.lines.set(name, entry.line);
      if (isSection(declared)) values[key] = this.#section(declared, entry?.value, name);
      else if (declared.type !== 'ignored') values[key] = this.#option(declared, entry, name);
      else if (entry !== undefined) this.#noteLegacy(declared, entry, name);
    }
    return values;
  }

  #section(section: Section, tree: Tree | undefined, name: string): Record<string, unknown> | undefined {
    if (tree?.kind === 'map') return this.fields(section.fields, tree, `${name}.`);
    if (tree !== undefined && section.optional && isNull(tree)) {
      this.#report('warning', name, tree.line, {
        found: 'no value',
        allowed: `${sectionWords(section.fields)}; {} for their defaults`,
        message: `${name} has no value and is taken as absent; write {} for its defaults`,
      });
    } else if (tree !== undefined && !isNull(tree)) {
      this.#wrongType(name, tree, 'section', sectionWords(section.fields));
    }
    return section.optional ? undefined : this.fields(section.fields, undefined, `${name}.`);
  }

  #option(option: Option<unknown>, entry: TreeEntry | undefined, name: string): unknown {
    if (entry === undefined) return option.default;
    if (option.status === 'pending') {
      this.#report('warning', name, entry.line, {
        found: foundWords(entry.value, isSecret(option)),
        allowed: 'nothing yet, the key has no effect in this version',
        message: `${name} has no effect: this version does not know how to do that yet`,
      });
    }
    if (option.status === 'platform') {
      this.#report('warning', name, entry.line, {
        found: foundWords(entry.value, isSecret(option)),
        allowed: 'any value of its type, without effect: this router does not talk to agents of the platform',
        message: `${name} has no effect: it is about agents of the platform that this router does not talk to`,
      });
    }
    if (option.status === 'legacy') this.#noteLegacy(option, entry, name);
    const { value } = entry;
    // YAML's null keeps a default, but empties a list (operations.md 2).
    if (isNull(value)) return isList(option) ? [] : option.default;
    return isList(option) ? this.#list(option, value, name) : this.#scalar(option, value, name);
  }

  #noteLegacy(option: Option<unknown>, entry: TreeEntry, name: string): void {
    this.#report('note', name, entry.line, {
      // A key of an older generation may be of a secret; what it held is nobody's business now.
      found: foundWords(entry.value, option.type === 'ignored' || isSecret(option)),
      allowed: `${allowedWords(option)}, without effect`,
      message: `${name} has no effect: ${option.doc}`,
      reason: option.doc,
    });
  }

  #list(option: Option<unknown>, tree: Tree, name: string): unknown {
    if (tree.kind !== 'list') return this.#bad(option, tree, name);
    return tree.items.map((item, i) => {
      const itemName = `${name}[${i}]`;
      if (option.type === 'items') return this.#item(option, item, itemName);
      const value = item.kind === 'scalar' ? scalarValue(item) : undefined;
      if (option.type === 'numbers') {
        if (value?.tag === 'int' || value?.tag === 'float') return value.value;
      } else if (item.kind === 'scalar') {
        return value?.tag === 'null' ? '' : item.text;
      }
      const allowed = option.type === 'numbers' ? 'a number' : 'a text';
      this.#wrongType(itemName, item, option.type === 'numbers' ? 'numbers' : 'text', allowed);
      return option.type === 'numbers' ? 0 : '';
    });
  }

  #item(option: Option<unknown>, tree: Tree, name: string): unknown {
    const fields = option.item ?? {};
    if (tree.kind !== 'map' && !isNull(tree)) {
      this.#wrongType(name, tree, 'section', sectionWords(fields));
      return this.fields(fields, undefined, `${name}.`);
    }
    const values = this.fields(fields, tree.kind === 'map' ? tree : undefined, `${name}.`);
    for (const [key, declared] of Object.entries(fields)) {
      if (isSection(declared) || !declared.required || values[key] !== '') continue;
      this.#report('error', `${name}.${key}`, tree.line, {
        found: this.lines.has(`${name}.${key}`) ? 'no value' : 'nothing',
        allowed: `${allowedWords(declared)} (${declared.doc})`,
        message: `${name}.${key} is missing`,
      });
    }
    return values;
  }

  #scalar(option: Option<unknown>, tree: Tree, name: string): unknown {
    if (tree.kind !== 'scalar') return this.#bad(option, tree, name);
    const { min = Number.NEGATIVE_INFINITY, max = Number.MAX_SAFE_INTEGER } = option;
    const value = scalarValue(tree);
    switch (option.type) {
      case 'text':
        return tree.text;
      case 'boolean':
        return booleanOf(tree) ?? this.#bad(option, tree, name);
      case 'choice': {
        const folded = option.fold?.(tree.text) ?? tree.text;
        return option.values?.includes(folded) ? folded : this.#badChoice(option, tree, name);
      }
      case 'duration': {
        // Only text: gorouter refuses a bare number, be it 0 (operations.md 2).
        const ms = value.tag === 'str' ? parseDuration(tree.text.trim()) : undefined;
        return ms === undefined || ms < min ? this.#bad(option, tree, name) : ms;
      }
      default: {
        if (value.tag !== 'int' && value.tag !== 'float') return this.#bad(option, tree, name);
        const whole = Math.trunc(value.value);
        const fits = Math.abs(whole) <= Number.MAX_SAFE_INTEGER && whole >= min && whole <= max;
        return fits ? whole + 0 : this.#bad(option, tree, name);
      }
    }
  }

  #badChoice(option: Option<unknown>, tree: Tree, name: string): unknown {
    const values = option.values ?? [];
    const x = tree.kind === 'scalar' ? tree.text : '';
    this.#report('error', name, tree.line, {
      found: foundWords(tree, false),
      allowed: allowedWords(option),
      message: `${option.complaint ?? `Invalid ${name}:`} ${x}. Allowed values are [${values.join(' ')}]`,
    });
    return option.default;
  }

  #bad(option: Option<unknown>, tree: Tree, name: string): unknown {
    this.#wrongType(name, tree, option.type, allowedWords(option), isSecret(option));
    return option.default;
  }

  #wrongType(
    name: string,
    tree: Tree,
    type: Option<unknown>['type'] | 'section',
    allowed: string,
    secret = false,
  ): void {
    this.#report('error', name, tree.line, {
      found: foundWords(tree, secret),
      allowed,
      message: `${goTypeError(tree, type, secret)} (${name}: allowed is ${allowed})`,
    });
  }

  #report(
    severity: ConfigProblem['severity'],
    key: string,
    line: number,
    words: Pick<ConfigProblem, 'found' | 'allowed' | 'message' | 'reason'>,
  ): void {
    this.problems.push({ severity, key, line, ...words });
  }
}

function isList(option: Option<unknown>): boolean {
  return option.type === 'texts' || option.type === 'numbers' || option.type === 'items';
}

/** A text where a list of certificates and keys belongs may be a key. */
function isSecret(option: Option<unknown>): boolean {
  return (
    option.secret !== 'no' ||
    Object.values(option.item ?? {}).some((inner) => !isSection(inner) && inner.secret !== 'no')
  );
}
