import { formatDuration } from './duration.ts';
import type { Fields, Option, OptionType } from './option.ts';
import { scalarValue } from './scalar.ts';
import type { Tree } from './tree.ts';

const LONGEST_QUOTE = 60;

/** The types that gorouter's messages name. */
const GO_TYPES: Readonly<Record<OptionType, string>> = {
  text: 'string',
  boolean: 'bool',
  integer: 'int',
  port: 'uint16',
  duration: 'time.Duration',
  choice: 'string',
  texts: '[]string',
  numbers: '[]float64',
  items: '[]struct',
  ignored: 'interface {}',
};

/** What stands in the file, quoted unless it is secret. */
export function foundWords(tree: Tree, secret: boolean): string {
  if (tree.kind === 'list') return 'a list';
  if (tree.kind === 'map') return 'a mapping';
  const { tag } = scalarValue(tree);
  if (tag === 'null') return 'no value';
  if (secret) return 'a text';
  const quote = cut(tree.text, LONGEST_QUOTE);
  if (tag === 'bool') return quote;
  if (tag === 'int' || tag === 'float') return `the number ${quote}`;
  return `the ${tree.plain ? '' : 'quoted '}text ${JSON.stringify(quote)}`;
}

export function allowedWords(option: Option<unknown>): string {
  const { min, max } = option;
  switch (option.type) {
    case 'text':
      return 'a text';
    case 'boolean':
      return 'true or false, unquoted (also yes, no, on, off)';
    case 'integer':
    case 'port': {
      const number = 'a whole number, unquoted';
      if (min !== undefined && max !== undefined) return `${number}, from ${min} to ${max}`;
      return min === undefined ? number : `${number}, ${min} or more`;
    }
    case 'duration': {
      const least = min === undefined ? '' : `, ${min === 0 ? '0s' : formatDuration(min)} or more`;
      return `a duration with its unit, such as 500ms, 15s or 1m30s${least}`;
    }
    case 'choice':
      return `one of ${(option.values ?? []).join(', ')}`;
    case 'texts':
      return 'a list of texts';
    case 'numbers':
      return 'a list of numbers';
    case 'items':
      return `a list of mappings with ${Object.keys(option.item ?? {}).join(', ')}`;
    case 'ignored':
      return 'anything';
  }
}

export function sectionWords(fields: Fields): string {
  return `a mapping with ${Object.keys(fields).join(', ')}`;
}

/** ``yaml: unmarshal errors:\n  line 9: cannot unmarshal !!int `5` into time.Duration``: operations.md 2. */
export function goTypeError(tree: Tree, type: OptionType | 'section', secret: boolean): string {
  const into = type === 'section' ? 'struct' : GO_TYPES[type];
  return `yaml: unmarshal errors:\n  line ${tree.line}: cannot unmarshal ${goValue(tree, secret)} into ${into}`;
}

function goValue(tree: Tree, secret: boolean): string {
  if (tree.kind === 'list') return '!!seq';
  if (tree.kind === 'map') return '!!map';
  const { tag } = scalarValue(tree);
  return secret ? `!!${tag}` : `!!${tag} \`${cut(tree.text, 10)}\``;
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 3)}...`;
}
