import type { CodecReading } from './codec-reading.ts';
import type { NodeReading } from './node-reading.ts';

/**
 * What node makes of a stream otherwise than the codec, which must have accepted nothing that node does not: each
 * message that the codec took is one that node took, with the same start line, fields, body and trailers, and where
 * the codec waits for more node has not seen another message. Undefined when they agree.
 */
export function disagreement(codec: CodecReading, node: NodeReading): string | undefined {
  for (const [i, ours] of codec.messages.entries()) {
    const theirs = node.messages[i];
    if (theirs === undefined) return `message ${i}: refused by node (${node.error})`;
    if (ours.start !== theirs.start) return `message ${i}: starts with '${theirs.start}'`;
    if (!same(ours.headers, theirs.headers)) return `message ${i}: other fields`;
    if (!ours.complete) continue;
    // As if they stood in the head: node refuses some of these, and ends the connection for others.
    if (ours.trailers.some(decidesFraming)) return undefined;
    if (!theirs.complete) return `message ${i}: body refused by node (${node.error})`;
    if (ours.body !== theirs.body) return `message ${i}: another body`;
    if (!same(ours.trailers, theirs.trailers)) return `message ${i}: other trailers`;
  }
  if (codec.outcome === 'waiting' && node.messages.length > codec.messages.length)
    return 'node saw more messages';
  return undefined;
}

function same(ours: readonly string[], theirs: readonly string[]): boolean {
  return ours.length === theirs.length && ours.every((text, i) => text === theirs[i]);
}

function decidesFraming(name: string): boolean {
  return /^(?:content-length|transfer-encoding|(?:proxy-)?connection|upgrade)$/i.test(name);
}
