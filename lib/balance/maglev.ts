import { fnv1a, remainder } from './fnv1a.ts';

/** Slots of a table: a prime, as Maglev wants it, and the reference router's number (contract: newer.md 3). */
export const SLOTS = 3001;

/** `slots[n]` is the index in `members` of whom slot n belongs to. */
export interface MaglevTable {
  /** Sorted by their UTF-8 bytes, each once. */
  readonly members: readonly string[];
  /** One byte for each slot while members are few: there may be thousands of tables. */
  readonly slots: Uint8Array | Uint16Array;
}

/**
 * Spreads slots over members so that each has nearly the same number of them, and few change hands when a member
 * comes or goes (Maglev; contract: newer.md 3). The order of `names`, and names that repeat, do not matter: whoever
 * knows the same members computes the same table. Beyond as many members as slots the last in order are left out.
 */
export function maglevTable(names: Iterable<string>): MaglevTable {
  const sorted = [...new Set(names)].map((name) => Buffer.from(name)).sort(Buffer.compare);
  const members = sorted.slice(0, SLOTS);
  const slots = members.length <= 256 ? new Uint8Array(SLOTS) : new Uint16Array(SLOTS);
  const next = new Uint16Array(members.length);
  const skip = new Uint16Array(members.length);
  for (const [index, bytes] of members.entries()) {
    const hash = fnv1a(bytes.toString('latin1'));
    next[index] = remainder(hash, SLOTS);
    skip[index] = 1 + remainder(hash, SLOTS - 1);
  }

  const taken = new Uint8Array(SLOTS);
  for (let count = 0, member = 0; members.length > 0 && count < SLOTS; count += 1) {
    let slot = next[member]!;
    while (taken[slot] === 1) slot = stepped(slot, skip[member]!);
    taken[slot] = 1;
    slots[slot] = member;
    next[member] = stepped(slot, skip[member]!);
    member = member + 1 === members.length ? 0 : member + 1;
  }
  return { members: members.map((bytes) => bytes.toString()), slots };
}

function stepped(slot: number, skip: number): number {
  const next = slot + skip;
  return next >= SLOTS ? next - SLOTS : next;
}
