import { availableParallelism, hostname } from 'node:os';
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  visit,
} from 'yaml';
import type { Host } from './derive.ts';
import type { ConfigProblem, Severity } from './problem.ts';
import { readText } from './read-text.ts';
import { isNull } from './scalar.ts';
import { type Flags, type LoadedConfig, settle } from './settle.ts';
import type { Tree, TreeEntry, TreeMap } from './tree.ts';

/** More values than any configuration has: what gets there are aliases of aliases of aliases. */
const MOST_VALUES = 200_000;

/** One mistake can cost the parser its footing for the rest of the file. */
const MOST_SYNTAX_ERRORS = 10;

type LineAt = (offset: number) => number;

/** Reads a configuration file; without one, the built-in defaults. Never throws for what the file holds. */
export function loadConfig(path: string | undefined, flags: Flags = {}): LoadedConfig {
  if (path === undefined) return parseConfig('', flags);
  const file = readText(path);
  if ('text' in file) return parseConfig(file.text, flags);
  const problem = fileProblem('error', undefined, 'no readable configuration', file.error);
  return settle(undefined, [problem], flags, thisHost());
}

/** The same for a text. `host` is an argument for tests. */
export function parseConfig(text: string, flags: Flags = {}, host: Host = thisHost()): LoadedConfig {
  const problems: ConfigProblem[] = [];
  let root: TreeMap | undefined;
  try {
    root = parse(text, problems);
  } catch (error) {
    // Too many values, or so many levels of nesting that the stack does not hold them.
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(fileProblem('error', undefined, 'what cannot be parsed', `yaml: ${reason}`));
  }
  return settle(root, problems, flags, host);
}

function thisHost(): Host {
  return { cores: availableParallelism(), name: hostname(), workingDirectory: process.cwd() };
}

function fileProblem(
  severity: Severity,
  line: number | undefined,
  found: string,
  message: string,
): ConfigProblem {
  return { severity, key: '', line, found, allowed: 'one YAML mapping', message, reason: message };
}

/** The mapping that the text holds; undefined when it is empty or, with a problem, no mapping. */
function parse(text: string, problems: ConfigProblem[]): TreeMap | undefined {
  const lineCounter = new LineCounter();
  const lineAt: LineAt = (offset) => lineCounter.linePos(offset).line || 1;
  const [document, second] = parseAllDocuments(text, {
    // Looked for below, so that the message can name the key.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
    // The parser's own warnings would go to stderr.
    logLevel: 'error',
  });
  if (document === undefined) return undefined;
  const errors = document.errors.map(({ pos, message }) => ({
    line: lineAt(pos[0]),
    // Some end with a piece of the file, which may be of a secret.
    message: message.replace(/ in YAML stream: .*$/su, ''),
  }));
  const messages = new Map(errors.map(({ line, message }) => [`yaml: line ${line}: ${message}`, line]));
  for (const [message, line] of [...messages].slice(0, MOST_SYNTAX_ERRORS)) {
    problems.push(fileProblem('error', line, 'bad YAML', message));
  }
  // What the parser made of a text with syntax errors would only lead to misleading problems.
  if (errors.length > 0) return undefined;
  if (second !== undefined) {
    const message = 'the file holds more than one document, all but the first are ignored';
    problems.push(fileProblem('warning', lineAt(second.range[0]), 'a second document', message));
  }
  findDuplicates(document, lineAt, problems);
  const root = new TreeBuilder(document, lineAt, problems).build(document.contents);
  if (root.kind === 'map') return root;
  if (isNull(root)) return undefined;
  const found = root.kind === 'list' ? 'a list' : 'a text';
  problems.push(fileProblem('error', root.line, found, `the file holds ${found} instead of a mapping`));
  return undefined;
}

function findDuplicates(document: Document.Parsed, lineAt: LineAt, problems: ConfigProblem[]): void {
  visit(document, {
    Map(_, map, path) {
      const prefix = path.map((node) => (isPair(node) && isScalar(node.key) ? `${node.key.source}.` : ''));
      const first = new Map<string, number>();
      for (const { key } of map.items) {
        if (!isScalar(key) || key.range == null) continue;
        const name = key.source ?? String(key.value);
        const line = lineAt(key.range[0]);
        const before = first.get(name);
        if (before === undefined) {
          first.set(name, line);
          continue;
        }
        problems.push({
          severity: 'error',
          key: `${prefix.join('')}${name}`,
          line,
          found: `the key a second time, first in line ${before}`,
          allowed: 'each key once in a mapping',
          message: `yaml: unmarshal errors:\n  line ${line}: mapping key "${name}" already defined at line ${before}`,
        });
      }
    },
  });
}

/** Makes plain trees of the parser's nodes: aliases and merge keys resolved, comments and styles gone. */
class TreeBuilder {
  readonly #document: Document.Parsed;
  readonly #lineAt: LineAt;
  readonly #problems: ConfigProblem[];
  /** The nodes that are being built: an anchor inside itself has no end. */
  readonly #open = new Set<unknown>();
  #built = 0;

  constructor(document: Document.Parsed, lineAt: LineAt, problems: ConfigProblem[]) {
    this.#document = document;
    this.#lineAt = lineAt;
    this.#problems = problems;
  }

  build(node: ParsedNode | null | undefined, keyLine = 1): Tree {
    this.#built += 1;
    if (this.#built > MOST_VALUES) throw new RangeError(`more than ${MOST_VALUES} values`);
    const line = node?.range == null ? keyLine : this.#lineAt(node.range[0]);
    if (node == null) return { kind: 'scalar', text: '', plain: true, line };
    if (isAlias(node)) return this.#alias(node, line);
    if (isScalar(node)) {
      const plain = node.type === 'PLAIN' && node.tag !== 'tag:yaml.org,2002:str';
      const text = node.source ?? String(node.value ?? '');
      // A key without a value: the parser places the value behind it, maybe in a later line.
      return { kind: 'scalar', text, plain, line: text === '' ? keyLine : line };
    }
    this.#open.add(node);
    const tree: Tree = isSeq(node)
      ? { kind: 'list', line, items: node.items.map((item) => this.build(item as ParsedNode, line)) }
      : { kind: 'map', line, entries: isMap(node) ? this.#entries(node, new Set()) : [] };
    this.#open.delete(node);
    return tree;
  }

  #alias(alias: ParsedNode & { source: string }, line: number): Tree {
    const target = isAlias(alias) ? (alias.resolve(this.#document) as ParsedNode | undefined) : undefined;
    if (target !== undefined && !this.#open.has(target)) return this.build(target, line);
    const wrong = target === undefined ? 'is not known' : 'contains itself';
    const message = `yaml: line ${line}: anchor '${alias.source}' ${wrong}`;
    this.#problems.push(fileProblem('error', line, `*${alias.source}`, message));
    return { kind: 'scalar', text: '', plain: true, line };
  }

  /** Own keys first: they win over those that `<<` brings, and an earlier `<<` over a later one. */
  #entries(node: unknown, merged: Set<unknown>): TreeEntry[] {
    const map = isAlias(node) ? node.resolve(this.#document) : node;
    if (isSeq(map)) return map.items.flatMap((item) => this.#entries(item, merged));
    // Once is enough, and what merges itself must end.
    if (!isMap(map) || merged.has(map)) return [];
    merged.add(map);
    const entries: TreeEntry[] = [];
    const later: unknown[] = [];
    for (const { key, value } of map.items as { key: ParsedNode; value: ParsedNode | null }[]) {
      const line = this.#lineAt(key.range[0]);
      const name = isScalar(key) ? (key.source ?? String(key.value)) : undefined;
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') later.push(value);
      else entries.push({ key: name, line, value: this.build(value, line) });
    }
    const own = new Set(entries.map(({ key }) => key));
    for (const entry of later.flatMap((value) => this.#entries(value, merged))) {
      if (entry.key === undefined || own.has(entry.key)) continue;
      own.add(entry.key);
      entries.push(entry);
    }
    return entries;
  }
}
