/** A parsed YAML document, reduced to what a configuration needs. Lines are 1-based. */
export type Tree = TreeScalar | TreeList | TreeMap;

export interface TreeScalar {
  readonly kind: 'scalar';
  /** As written; for quoted and block scalars the text that they stand for. */
  readonly text: string;
  /** Only an unquoted scalar can be a number, a boolean or null. */
  readonly plain: boolean;
  readonly line: number;
}

export interface TreeList {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly line: number;
}

export interface TreeMap {
  readonly kind: 'map';
  readonly entries: readonly TreeEntry[];
  readonly line: number;
}

export interface TreeEntry {
  /** undefined when the key is a list or a mapping. */
  readonly key: string | undefined;
  readonly line: number;
  readonly value: Tree;
}
