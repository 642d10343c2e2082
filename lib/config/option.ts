/**
 * Whether a key does something: `built` = yes; `pending` = accepted, with one warning that it has no effect yet;
 * `platform` = accepted, with one warning that it has none because it is about agents of the platform; `legacy` = accepted and without
 * effect, because gorouter ignores it too, or in one case because the router always does what it asks for; `check` notes it.
 */
export type Status = 'built' | 'pending' | 'platform' | 'legacy';

/** `yes`: never shown. `url`: shown with the password in it replaced. */
export type Secrecy = 'no' | 'yes' | 'url';

export type OptionType =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'port'
  | 'duration'
  | 'choice'
  | 'texts'
  | 'numbers'
  | 'items'
  | 'ignored';

/** One key of the configuration file: everything that is known about it before a file is read. */
export interface Option<V> {
  readonly kind: 'option';
  readonly type: OptionType;
  readonly default: V;
  /** One line. */
  readonly doc: string;
  readonly status: Status;
  readonly secret: Secrecy;
  /** choice: the values. */
  readonly values?: readonly string[];
  /** choice: how gorouter's message about another value begins. */
  readonly complaint?: string;
  /** choice: brings another accepted spelling to one of the values. */
  readonly fold?: (text: string) => string;
  /** integer, port: the range, inclusive. duration: the least, in ms. */
  readonly min?: number;
  readonly max?: number;
  /** Inside a list's items: the item is useless without it. */
  readonly required: boolean;
  /** items: the keys of one item. */
  readonly item?: Fields;
}

export interface Section<F extends Fields = Fields> {
  readonly kind: 'section';
  readonly fields: F;
  readonly doc: string;
  /** A section that switches something on by being there: undefined in the Config when it is not. */
  readonly optional: boolean;
}

export interface Fields {
  readonly [key: string]: Option<unknown> | Section;
}

/** A key that is accepted with any value and kept out of the Config. */
export type Ignored = Option<never>;

/** What a table of keys becomes once it is read: the same names, durations in ms. */
export type ValuesOf<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Ignored ? never : K]: F[K] extends OptionalSection<infer G>
    ? ValuesOf<G> | undefined
    : F[K] extends Section<infer G>
      ? ValuesOf<G>
      : F[K] extends Option<infer V>
        ? V
        : never;
};

type OptionalSection<F extends Fields> = Section<F> & { readonly optional: true };

interface Extra {
  readonly status?: Status;
  readonly secret?: Secrecy;
  readonly required?: boolean;
}

interface Range extends Extra {
  readonly min?: number;
  readonly max?: number;
}

export const PENDING = { status: 'pending' } as const;
export const PLATFORM = { status: 'platform' } as const;
export const LEGACY = { status: 'legacy' } as const;

function option<V>(type: OptionType, fallback: V, doc: string, extra: Partial<Option<V>>): Option<V> {
  return {
    kind: 'option',
    type,
    default: fallback,
    doc,
    status: 'built',
    secret: 'no',
    required: false,
    ...extra,
  };
}

export const text = (fallback: string, doc: string, extra: Extra = {}): Option<string> =>
  option('text', fallback, doc, extra);

export const boolean = (fallback: boolean, doc: string, extra: Extra = {}): Option<boolean> =>
  option('boolean', fallback, doc, extra);

export const integer = (fallback: number, doc: string, extra: Range = {}): Option<number> =>
  option('integer', fallback, doc, extra);

export const port = (fallback: number, doc: string, extra: Range = {}): Option<number> =>
  option('port', fallback, doc, { min: 0, max: 65_535, ...extra });

/** The default is given in ms, like every duration in the Config. */
export const duration = (fallback: number, doc: string, extra: Range = {}): Option<number> =>
  option('duration', fallback, doc, extra);

export function choice<const V extends string>(
  fallback: NoInfer<V>,
  values: readonly V[],
  doc: string,
  extra: Extra & Pick<Option<V>, 'complaint' | 'fold'> = {},
): Option<V> {
  return option<V>('choice', fallback, doc, { values, ...extra });
}

export const texts = (
  fallback: readonly string[],
  doc: string,
  extra: Extra = {},
): Option<readonly string[]> => option('texts', fallback, doc, extra);

export const numbers = (
  fallback: readonly number[],
  doc: string,
  extra: Extra = {},
): Option<readonly number[]> => option('numbers', fallback, doc, extra);

export function items<const F extends Fields>(
  item: F,
  fallback: readonly ValuesOf<F>[],
  doc: string,
  extra: Extra = {},
): Option<readonly ValuesOf<F>[]> {
  return option<readonly ValuesOf<F>[]>('items', fallback, doc, { item, ...extra });
}

/** Accepted whatever its value is; `doc` says what took its place, or why there is none. */
export const ignored = (doc: string): Ignored => ({
  ...option('ignored', undefined, doc, LEGACY),
  default: undefined as never,
});

export function section<const F extends Fields>(fields: F, doc: string): Section<F> {
  return { kind: 'section', fields, doc, optional: false };
}

export function optionalSection<const F extends Fields>(
  fields: F,
  doc: string,
): Section<F> & { readonly optional: true } {
  return { kind: 'section', fields, doc, optional: true };
}
