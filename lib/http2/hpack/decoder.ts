import { decodeHuffman } from './huffman.ts';
import { STATIC_COUNT, STATIC_FIELDS } from './static-table.ts';

/** What a field counts for beside its octets, in the table and in a list (RFC 7541 §4.1). */
const FIELD_OVERHEAD = 32;
/** Longer integers than four bytes of continuation are none that anybody needs, and would not be exact for long. */
const MOST_SHIFT = 28;

/** Keeps the newest fields within a size; index 0 is the newest. */
class DynamicTable {
  #maxBytes: number;
  #bytes = 0;
  /** Oldest first: name, value, ... */
  #fields: string[] = [];
  /** Strings at the front of `#fields` that were evicted. */
  #evicted = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return (this.#fields.length - this.#evicted) / 2;
  }

  name(index: number): string {
    return this.#fields[this.#fields.length - 2 - index * 2]!;
  }

  value(index: number): string {
    return this.#fields[this.#fields.length - 1 - index * 2]!;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict();
  }

  add(name: string, value: string): void {
    this.#fields.push(name, value);
    this.#bytes += name.length + value.length + FIELD_OVERHEAD;
    this.#evict();
  }

  #evict(): void {
    const fields = this.#fields;
    while (this.#bytes > this.#maxBytes) {
      const at = this.#evicted;
      this.#bytes -= fields[at]!.length + fields[at + 1]!.length + FIELD_OVERHEAD;
      this.#evicted += 2;
    }
    if (this.#evicted > 64 && this.#evicted * 2 > fields.length) {
      this.#fields = fields.slice(this.#evicted);
      this.#evicted = 0;
    }
  }
}

/** Thrown away by the caller: the connection cannot go on (RFC 9113 §4.3). */
export class CompressionError extends Error {}

/**
 * Decodes the field sections of one direction of one connection, in their order (RFC 7541). Each section has to be
 * decoded to its end, wanted or not: the next depends on it.
 */
export class HpackDecoder {
  /** The last section exceeded `maxListBytes`: what `decode` returned is not all of it. */
  exceeded = false;
  readonly #maxTableBytes: number;
  readonly #maxListBytes: number;
  readonly #table: DynamicTable;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** `maxTableBytes`: as we announced it; `maxListBytes`: of a section, 32 for each field included. */
  constructor(maxTableBytes: number, maxListBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#maxListBytes = maxListBytes;
    this.#table = new DynamicTable(maxTableBytes);
  }

  /** The fields in the bytes from `from` up to `to`: name, value, ..., latin1 text. Throws CompressionError. */
  decode(bytes: Buffer, from: number, to: number): string[] {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
    this.exceeded = false;
    const fields: string[] = [];
    let size = 0;
    let began = false;
    while (this.#at < to) {
      const first = bytes[this.#at]!;
      let name: string;
      let value: string;
      if ((first & 0x80) !== 0) {
        const index = this.#integer(7);
        name = this.#name(index);
        value = this.#value(index);
      } else if ((first & 0xe0) === 0x20) {
        const maxBytes = this.#integer(5);
        // Only ahead of all fields (§4.2), and within what we allow.
        if (began || maxBytes > this.#maxTableBytes) throw new CompressionError('table size');
        this.#table.resize(maxBytes);
        continue;
      } else {
        const indexed = (first & 0x40) !== 0;
        const index = this.#integer(indexed ? 6 : 4);
        name = index === 0 ? this.#string() : this.#name(index);
        value = this.#string();
        if (indexed) this.#table.add(name, value);
      }
      began = true;
      size += name.length + value.length + FIELD_OVERHEAD;
      if (size <= this.#maxListBytes) fields.push(name, value);
      else this.exceeded = true;
    }
    return fields;
  }

  #name(index: number): string {
    if (index === 0) throw new CompressionError('index 0');
    if (index <= STATIC_COUNT) return STATIC_FIELDS[index * 2 - 2]!;
    if (index - STATIC_COUNT > this.#table.count) throw new CompressionError('index beyond the table');
    return this.#table.name(index - STATIC_COUNT - 1);
  }

  #value(index: number): string {
    return index <= STATIC_COUNT
      ? STATIC_FIELDS[index * 2 - 1]!
      : this.#table.value(index - STATIC_COUNT - 1);
  }

  /** RFC 7541 §5.1. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= MOST_SHIFT; shift += 7) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new CompressionError('integer too long');
  }

  #byte(): number {
    if (this.#at === this.#end) throw new CompressionError('cut off');
    const byte = this.#bytes[this.#at]!;
    this.#at += 1;
    return byte;
  }

  /** RFC 7541 §5.2. */
  #string(): string {
    if (this.#at === this.#end) throw new CompressionError('cut off');
    const huffman = this.#bytes[this.#at]! >= 128;
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > this.#end) throw new CompressionError('string too long');
    this.#at = to;
    if (!huffman) return this.#bytes.toString('latin1', from, to);
    const text = decodeHuffman(this.#bytes, from, to);
    if (text === undefined) throw new CompressionError('Huffman code');
    return text;
  }
}
