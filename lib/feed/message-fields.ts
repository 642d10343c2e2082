import { NumberText } from './number-text.ts';

export interface FieldFailure {
  readonly field: string;
  readonly error: string;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * Reads the fields of one message as Go's decoder would. The first field that has a wrong type or is out of
 * range is kept as `failure`, and the value read then means nothing: ask before using any.
 */
export class MessageFields {
  failure: FieldFailure | undefined;
  /** Only an escape can have made half a surrogate pair, which Go replaces by U+FFFD. */
  readonly #escaped: boolean;

  constructor(escaped: boolean) {
    this.#escaped = escaped;
  }

  text(field: string, value: unknown): string {
    if (typeof value === 'string') return this.#escaped ? value.toWellFormed() : value;
    if (value !== undefined && value !== null) this.#refuse(field, 'text is expected', value);
    return '';
  }

  /** An unsigned integer of 16 bits; 0 when absent. */
  port(field: string, value: unknown): number {
    if (value === undefined || value === null) return 0;
    const port = value instanceof NumberText ? integer(value.source) : value;
    // -0 is a sign too many for an unsigned integer.
    if (
      typeof port === 'number' &&
      Number.isInteger(port) &&
      port >= 0 &&
      port <= 65_535 &&
      !Object.is(port, -0)
    ) {
      return port;
    }
    this.#refuse(field, 'a whole number from 0 to 65535 is expected', value);
    return 0;
  }

  /** A signed integer of 64 bits as a double; 0 when absent. */
  wholeNumber(field: string, value: unknown): number {
    return Number(this.int64(field, value));
  }

  /** A signed integer of 64 bits as decimal text; `0` when absent. */
  int64(field: string, value: unknown): string {
    if (value === undefined || value === null) return '0';
    if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
    const exact = value instanceof NumberText ? int64(value.source) : undefined;
    if (exact === undefined) this.#refuse(field, 'a whole number of at most 64 bits is expected', value);
    return exact ?? '0';
  }

  /** Texts that name a route: empty ones and null make none. */
  uris(value: unknown): readonly string[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.#refuse('uris', 'a list of texts is expected', value);
      return [];
    }
    let named = true;
    for (const uri of value as readonly unknown[]) {
      if (uri === null || uri === '') named = false;
      else if (typeof uri !== 'string') {
        this.#refuse('uris', 'only texts are expected in the list', uri);
        return [];
      }
    }
    let uris = value as readonly string[];
    if (!named) uris = uris.filter((uri) => uri !== null && uri !== '');
    return this.#escaped ? uris.map((uri) => uri.toWellFormed()) : uris;
  }

  tags(value: unknown): Readonly<Record<string, string>> | null {
    if (value === undefined || value === null) return null;
    if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberText) {
      this.#refuse('tags', 'an object of texts is expected', value);
      return null;
    }
    const tags = value as Record<string, unknown>;
    for (const name in tags) {
      const tag = tags[name];
      if (typeof tag === 'string') {
        if (this.#escaped) tags[name] = tag.toWellFormed();
      } else if (tag === null) tags[name] = '';
      else this.#refuse('tags', `text is expected for ${JSON.stringify(name)}`, tag);
    }
    return tags as Record<string, string>;
  }

  #refuse(field: string, expected: string, found: unknown): void {
    this.failure ??= { field, error: `${field}: ${expected}, not ${describe(found)}` };
  }
}

/** A wrong value as an operator would name it. */
export function describe(value: unknown): string {
  if (value instanceof NumberText) return value.source.slice(0, 64);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `the text ${JSON.stringify(value.slice(0, 64))}` : String(value);
}

function integer(source: string): number {
  return /^\d+$/.test(source) ? Number(source) : Number.NaN;
}

/** Canonical decimal text, and a text of its own: a slice of the message would keep all of it in memory. */
function int64(source: string): string | undefined {
  if (!/^-?\d+$/.test(source) || source.length > 20) return undefined;
  const value = BigInt(source);
  return value >= MIN_INT64 && value <= MAX_INT64 ? String(value) : undefined;
}
