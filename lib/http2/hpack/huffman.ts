import { CODE_LENGTHS } from './huffman-lengths.ts';

const EOS = 256;
const NIBBLES = 16;
/** Bits of an entry of the table. */
const EMITS = 1 << 16;
const FAILS = 1 << 17;
const STATE_SHIFT = 18;

/**
 * What four bits of input do in each state, a state being an inner node of the code's tree: the next state, and the
 * byte that is complete, if one is. No code is shorter than five bits, so there is one at most.
 */
const TABLE = new Int32Array(makeTable());
/** States in which an input may end: behind no more than seven bits of padding, all ones (RFC 7541 §5.2). */
const MAY_END = paddingStates();

let scratch = Buffer.allocUnsafeSlow(8 * 1024);

/** Decodes the bytes from `from` up to `to`, as latin1 text; undefined when they are no such code. */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string | undefined {
  // A code has five bits at least.
  const most = Math.ceil(((to - from) * 8) / 5);
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most * 2);
  let state = 0;
  let length = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at]!;
    let entry = TABLE[state * NIBBLES + (byte >> 4)]!;
    if ((entry & EMITS) !== 0) {
      scratch[length] = entry & 0xff;
      length += 1;
    }
    if ((entry & FAILS) !== 0) return undefined;
    entry = TABLE[(entry >> STATE_SHIFT) * NIBBLES + (byte & 15)]!;
    if ((entry & EMITS) !== 0) {
      scratch[length] = entry & 0xff;
      length += 1;
    }
    if ((entry & FAILS) !== 0) return undefined;
    state = entry >> STATE_SHIFT;
  }
  return MAY_END[state] === 1 ? scratch.toString('latin1', 0, length) : undefined;
}

interface Node {
  readonly state: number;
  readonly children: [Node | number | undefined, Node | number | undefined];
}

function makeTree(): Node[] {
  const nodes: Node[] = [{ state: 0, children: [undefined, undefined] }];
  const symbols = CODE_LENGTHS.map((_, symbol) => symbol).sort(
    (a, b) => CODE_LENGTHS[a]! - CODE_LENGTHS[b]! || a - b,
  );
  let code = 0;
  let length = CODE_LENGTHS[symbols[0]!]!;
  for (const symbol of symbols) {
    code *= 2 ** (CODE_LENGTHS[symbol]! - length);
    length = CODE_LENGTHS[symbol]!;
    let node = nodes[0]!;
    for (let bit = length - 1; bit > 0; bit -= 1) {
      const side = (code >> bit) & 1;
      let child = node.children[side];
      if (child === undefined) {
        child = { state: nodes.length, children: [undefined, undefined] };
        nodes.push(child);
        node.children[side] = child;
      }
      node = child as Node;
    }
    node.children[code & 1] = symbol;
    code += 1;
  }
  return nodes;
}

function makeTable(): number[] {
  const nodes = makeTree();
  const table: number[] = [];
  for (const from of nodes) {
    for (let nibble = 0; nibble < NIBBLES; nibble += 1) {
      let node = from;
      let entry = 0;
      for (let bit = 3; bit >= 0 && (entry & FAILS) === 0; bit -= 1) {
        const next = node.children[(nibble >> bit) & 1]!;
        if (typeof next !== 'number') {
          node = next;
        } else if (next === EOS) {
          entry |= FAILS;
        } else {
          entry |= EMITS | next;
          node = nodes[0]!;
        }
      }
      table.push(entry | (node.state << STATE_SHIFT));
    }
  }
  return table;
}

function paddingStates(): Uint8Array {
  const nodes = makeTree();
  const may = new Uint8Array(nodes.length);
  let node = nodes[0]!;
  for (let bits = 0; bits <= 7; bits += 1) {
    may[node.state] = 1;
    node = node.children[1] as Node;
  }
  return may;
}
