import { subscribableTokens, tokensOf } from './subject.ts';

/** Who wants a message: each of `all`, and one of each group. Not changed once handed out. */
export interface Interest<T> {
  readonly all: readonly T[];
  readonly groups: readonly (readonly T[])[];
}

interface Node<T> {
  readonly literal: Map<string, Node<T>>;
  /** Below `*`. */
  one: Node<T> | undefined;
  /** Subscriptions that end in `>` here. */
  rest: Leaf<T> | undefined;
  /** Subscriptions that end here. */
  leaf: Leaf<T> | undefined;
}

interface Leaf<T> {
  readonly all: Set<T>;
  readonly groups: Map<string, Set<T>>;
}

const MAX_CACHED = 4096;

/**
 * Subscriptions by subject: a tree over the tokens, and before it a cache of the subjects published to, as most
 * of the traffic of a bus is on few of them.
 */
export class SubjectTree<T> {
  readonly #root: Node<T> = newNode();
  readonly #cache = new Map<string, Interest<T>>();

  /** False when the subject is not one to subscribe to. An empty `queue` is no queue group. */
  add(subject: string, queue: string, item: T): boolean {
    const tokens = subscribableTokens(subject);
    if (tokens === undefined) return false;
    this.#cache.clear();
    let node = this.#root;
    let leaf: Leaf<T> | undefined;
    for (const token of tokens) {
      if (token === '>') {
        node.rest ??= newLeaf();
        leaf = node.rest;
      } else node = childOf(node, token);
    }
    if (leaf === undefined) {
      node.leaf ??= newLeaf();
      leaf = node.leaf;
    }
    if (queue === '') leaf.all.add(item);
    else {
      const group = leaf.groups.get(queue);
      if (group === undefined) leaf.groups.set(queue, new Set([item]));
      else group.add(item);
    }
    return true;
  }

  remove(subject: string, queue: string, item: T): void {
    const tokens = subscribableTokens(subject);
    if (tokens === undefined) return;
    this.#cache.clear();
    removeFrom(this.#root, tokens, 0, queue, item);
  }

  /** Wildcards in `subject` are ordinary tokens here. */
  match(subject: string): Interest<T> {
    const cached = this.#cache.get(subject);
    if (cached !== undefined) return cached;
    const all: T[] = [];
    const groups = new Map<string, T[]>();
    const tokens = tokensOf(subject);
    if (tokens !== undefined) collect(this.#root, tokens, 0, all, groups);
    const interest = { all, groups: [...groups.values()] };
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(subject, interest);
    return interest;
  }
}

function newNode<T>(): Node<T> {
  return { literal: new Map(), one: undefined, rest: undefined, leaf: undefined };
}

function newLeaf<T>(): Leaf<T> {
  return { all: new Set(), groups: new Map() };
}

function childOf<T>(node: Node<T>, token: string): Node<T> {
  if (token === '*') {
    node.one ??= newNode();
    return node.one;
  }
  let child = node.literal.get(token);
  if (child === undefined) {
    child = newNode();
    node.literal.set(token, child);
  }
  return child;
}

function collect<T>(
  node: Node<T>,
  tokens: readonly string[],
  at: number,
  all: T[],
  groups: Map<string, T[]>,
): void {
  const token = tokens[at];
  if (token === undefined) {
    if (node.leaf !== undefined) take(node.leaf, all, groups);
    return;
  }
  if (node.rest !== undefined) take(node.rest, all, groups);
  const literal = node.literal.get(token);
  if (literal !== undefined) collect(literal, tokens, at + 1, all, groups);
  if (node.one !== undefined) collect(node.one, tokens, at + 1, all, groups);
}

/** One queue name is one group, over all subjects that match, as in nats-server. */
function take<T>(leaf: Leaf<T>, all: T[], groups: Map<string, T[]>): void {
  for (const item of leaf.all) all.push(item);
  for (const [queue, members] of leaf.groups) {
    const known = groups.get(queue);
    if (known === undefined) groups.set(queue, [...members]);
    else known.push(...members);
  }
}

/** True when the node is of no use any more. */
function removeFrom<T>(
  node: Node<T>,
  tokens: readonly string[],
  at: number,
  queue: string,
  item: T,
): boolean {
  const token = tokens[at];
  if (token === undefined) {
    if (node.leaf !== undefined && removeItem(node.leaf, queue, item)) node.leaf = undefined;
  } else if (token === '>') {
    if (node.rest !== undefined && removeItem(node.rest, queue, item)) node.rest = undefined;
  } else if (token === '*') {
    if (node.one !== undefined && removeFrom(node.one, tokens, at + 1, queue, item)) node.one = undefined;
  } else {
    const child = node.literal.get(token);
    if (child !== undefined && removeFrom(child, tokens, at + 1, queue, item)) node.literal.delete(token);
  }
  return (
    node.leaf === undefined && node.rest === undefined && node.one === undefined && node.literal.size === 0
  );
}

function removeItem<T>(leaf: Leaf<T>, queue: string, item: T): boolean {
  if (queue === '') leaf.all.delete(item);
  else {
    const group = leaf.groups.get(queue);
    if (group?.delete(item) && group.size === 0) leaf.groups.delete(queue);
  }
  return leaf.all.size === 0 && leaf.groups.size === 0;
}
