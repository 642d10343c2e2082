/** Whether a header name as received is `lowerName`, without regard to case and without making a copy. */
export function sameName(name: string, lowerName: string): boolean {
  const { length } = name;
  if (length !== lowerName.length) return false;
  for (let i = 0; i < length; i += 1) {
    let code = name.charCodeAt(i);
    if (code >= 65 && code <= 90) code += 32;
    if (code !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}

interface Entry<T> {
  readonly lowerName: string;
  readonly value: T;
}

/**
 * What a fixed list of header names means, looked up without regard to case. Names are compared only with
 * those of their own length: a tenth of the cost of a lower-case copy and a hash for each header.
 */
export class HeaderNames<T> {
  readonly #byLength: (Entry<T>[] | undefined)[] = [];

  constructor(entries: Iterable<readonly [lowerName: string, value: T]>) {
    for (const [lowerName, value] of entries) {
      const { length } = lowerName;
      while (this.#byLength.length <= length) this.#byLength.push(undefined);
      const bucket = this.#byLength[length];
      if (bucket === undefined) this.#byLength[length] = [{ lowerName, value }];
      else bucket.push({ lowerName, value });
    }
  }

  get(name: string): T | undefined {
    if (name.length >= this.#byLength.length) return undefined;
    const bucket = this.#byLength[name.length];
    if (bucket === undefined) return undefined;
    for (let i = 0; i < bucket.length; i += 1) {
      const entry = bucket[i]!;
      if (sameName(name, entry.lowerName)) return entry.value;
    }
    return undefined;
  }
}
