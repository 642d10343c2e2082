import { foldForLookup } from './fold.ts';
import type { Pool } from './pool.ts';

/** A host, or a path segment below one. Kept only while it or something below it has a pool. */
interface Node {
  pool: Pool | undefined;
  children: Map<string, Node> | undefined;
}

/**
 * The routes of one worker, by route key: a tree over the host, then the `/`-separated segments of the
 * context path (contract: registry.md 2-3). The cost of a lookup follows the request's labels and segments,
 * never the number of routes.
 */
export class RouteTable {
  readonly #hosts = new Map<string, Node>();
  /** Wildcard hosts without their `*`: `.example.com`. */
  readonly #wildcards = new Map<string, Node>();
  /** Longest key that #wildcards ever had, so that a host of a thousand labels costs few lookups. */
  #longestWildcard = 0;
  #size = 0;
  #endpointCount = 0;

  /** Number of route keys that have a pool, empty ones included. */
  get size(): number {
    return this.#size;
  }

  /** Endpoints of all pools; one that serves several routes counts for each. */
  get endpointCount(): number {
    return this.#endpointCount;
  }

  /** Adds a pool, or puts it in the place of the one with its key, which is returned. */
  set(pool: Pool): Pool | undefined {
    const { key } = pool;
    const slash = key.indexOf('/');
    const host = slash === -1 ? key : key.slice(0, slash);
    let node = this.#hostNode(host);
    for (let start = slash; start !== -1; ) {
      const end = key.indexOf('/', start + 1);
      const segment = key.slice(start + 1, end === -1 ? key.length : end);
      node.children ??= new Map();
      node = childOf(node.children, segment);
      start = end;
    }
    const before = node.pool;
    if (before === undefined) this.#size += 1;
    else this.#endpointCount -= before.endpoints.length;
    this.#endpointCount += pool.endpoints.length;
    node.pool = pool;
    return before;
  }

  /** Removes a pool; false when there was none. */
  delete(key: string): boolean {
    const segments = key.split('/');
    const host = segments[0]!;
    const wildcard = isWildcard(host);
    const first = wildcard ? host.slice(1) : host;
    const roots = wildcard ? this.#wildcards : this.#hosts;

    const path: { readonly siblings: Map<string, Node>; readonly name: string; readonly node: Node }[] = [];
    let siblings: Map<string, Node> | undefined = roots;
    for (let i = 0; i < segments.length; i += 1) {
      const name: string = i === 0 ? first : segments[i]!;
      const node: Node | undefined = siblings?.get(name);
      if (siblings === undefined || node === undefined) return false;
      path.push({ siblings, name, node });
      siblings = node.children;
    }

    const { pool } = path.at(-1)!.node;
    if (pool === undefined) return false;
    path.at(-1)!.node.pool = undefined;
    this.#size -= 1;
    this.#endpointCount -= pool.endpoints.length;

    // A node left without a pool would be the deepest that a lookup reaches, and hide an emptied pool above.
    for (const step of path.reverse()) {
      if (step.node.children?.size === 0) step.node.children = undefined;
      if (step.node.pool !== undefined || step.node.children !== undefined) break;
      step.siblings.delete(step.name);
    }
    return true;
  }

  /** The pool with exactly that route key. */
  get(key: string): Pool | undefined {
    const slash = key.indexOf('/');
    const host = slash === -1 ? key : key.slice(0, slash);
    let node = isWildcard(host) ? this.#wildcards.get(host.slice(1)) : this.#hosts.get(host);
    for (let start = slash; start !== -1 && node !== undefined; ) {
      const end = key.indexOf('/', start + 1);
      node = node.children?.get(key.slice(start + 1, end === -1 ? key.length : end));
      start = end;
    }
    return node?.pool;
  }

  /**
   * The pool that serves a request, an empty one included; undefined when no route fits. `host` has no port
   * and no trailing dot, `path` is as sent, up to `?`; both are latin1 text in any case.
   */
  match(host: string, path: string): Pool | undefined {
    const folded = foldForLookup(host);
    const exact = this.#hosts.get(folded);
    if (exact !== undefined) {
      const found = deepest(exact, path);
      if (found !== undefined) return found;
    }
    if (this.#wildcards.size === 0) return undefined;

    // Labels are cut from the host alone: with `host/path` as one text, dots of the path would lead to
    // wildcards of other people's domains.
    for (let dot = folded.indexOf('.'); dot !== -1; dot = folded.indexOf('.', dot + 1)) {
      if (folded.length - dot > this.#longestWildcard) continue;
      const wildcard = this.#wildcards.get(folded.slice(dot));
      if (wildcard === undefined) continue;
      const found = deepest(wildcard, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** All pools, in no promised order. Changes during the walk may or may not be seen. */
  *pools(): Generator<Pool, void> {
    yield* poolsBelow(this.#hosts);
    yield* poolsBelow(this.#wildcards);
  }

  #hostNode(host: string): Node {
    if (!isWildcard(host)) return childOf(this.#hosts, host);
    if (host.length - 1 > this.#longestWildcard) this.#longestWildcard = host.length - 1;
    return childOf(this.#wildcards, host.slice(1));
  }
}

/** Only a leading `*.` is special (registry.md 3). */
function isWildcard(host: string): boolean {
  return host.startsWith('*.');
}

function childOf(children: Map<string, Node>, name: string): Node {
  let node = children.get(name);
  if (node === undefined) {
    node = { pool: undefined, children: undefined };
    children.set(name, node);
  }
  return node;
}

/** Longest context path with endpoints; else the empty pool of the deepest node reached (registry.md 3). */
function deepest(host: Node, path: string): Pool | undefined {
  let found = usable(host.pool);
  let node = host;
  if (host.children !== undefined && path.length > 1) {
    const folded = foldForLookup(path);
    const length = folded.endsWith('/') ? folded.length - 1 : folded.length;
    for (let start = 0; start < length && node.children !== undefined; ) {
      let end = folded.indexOf('/', start + 1);
      if (end === -1 || end > length) end = length;
      const child = node.children.get(folded.slice(start + 1, end));
      if (child === undefined) break;
      node = child;
      found = usable(node.pool) ?? found;
      start = end;
    }
  }
  return found ?? node.pool;
}

function usable(pool: Pool | undefined): Pool | undefined {
  return pool !== undefined && pool.endpoints.length > 0 ? pool : undefined;
}

function* poolsBelow(nodes: Map<string, Node>): Generator<Pool, void> {
  for (const node of nodes.values()) {
    if (node.pool !== undefined) yield node.pool;
    if (node.children !== undefined) yield* poolsBelow(node.children);
  }
}
