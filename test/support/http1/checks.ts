import { ChunkedDecoder, type ChunkLimits } from '../../../lib/http1/chunked-decoder.ts';
import { CHUNK_END, chunkHead, lastChunk } from '../../../lib/http1/chunked-encoder.ts';
import { type HeadLimits, parseRequest } from '../../../lib/http1/parse-request.ts';
import { parseResponse } from '../../../lib/http1/parse-response.ts';
import { type CodecReading, readRequests, readResponses } from './codec-reading.ts';
import { disagreement } from './disagreement.ts';
import { someSplit } from './message-maker.ts';
import { type NodeRequestReader, readResponsesWithNode } from './node-reading.ts';

/*
 * What must hold for any bytes at all. Each check throws when it does not, and says whether a message was accepted.
 */

type Random = () => number;

/** Requests: bounded, the same however they are split, and the same for node's parser. */
export async function checkRequests(
  random: Random,
  bytes: Buffer,
  node: NodeRequestReader,
): Promise<boolean> {
  const limits = someLimits(random);
  const parse = (prefix: Buffer, from: number): Parsed => {
    const parsed = parseRequest(prefix, from, limits);
    if (parsed.kind !== 'request') return { verdict: parsed.kind === 'refuse' ? parsed.reason : parsed.kind };
    const start = `${parsed.method} ${parsed.target} HTTP/1.1`;
    return { verdict: 'accepted', start, fields: parsed.headers, end: parsed.end };
  };
  checkHead(random, bytes, limits, parse);

  const whole = readRequests([bytes]);
  mustBeSame(whole, readRequests(someSplit(random, bytes)));
  mustAgree(whole, await node.read(whole.forNode));
  return whole.messages.length > 0;
}

/** Responses: as requests. */
export async function checkResponses(random: Random, bytes: Buffer): Promise<boolean> {
  const limits = someLimits(random);
  const method = random() < 0.2 ? 'HEAD' : 'GET';
  const parse = (prefix: Buffer, from: number): Parsed => {
    const parsed = parseResponse(prefix, from, method, limits);
    if (parsed.kind !== 'response') return { verdict: parsed.kind === 'bad' ? parsed.reason : parsed.kind };
    const start = `HTTP/1.${parsed.versionMinor} ${parsed.status} ${parsed.reason}`;
    return { verdict: 'accepted', start, fields: parsed.headers, end: parsed.end };
  };
  checkHead(random, bytes, limits, parse);

  const whole = readResponses([bytes], method);
  mustBeSame(whole, readResponses(someSplit(random, bytes), method));
  mustAgree(whole, await readResponsesWithNode(bytes, method));
  return whole.messages.length > 0;
}

/** A chunked body: bounded, the same however it is split, after being written anew, and for node's parser. */
export async function checkChunks(random: Random, bytes: Buffer, node: NodeRequestReader): Promise<boolean> {
  const small = random() < 0.3;
  const limits = {
    maxExtensionBytes: small ? below(random, 20) : 4_000,
    maxTrailerBytes: small ? below(random, 40) : 4_000,
    maxTrailerFields: 4,
  };
  const whole = decoded([bytes], limits);
  mustEqual(decoded(someSplit(random, bytes), limits), whole, 'split otherwise');
  must(whole.data.length <= bytes.length, 'more data than bytes');
  must(whole.trailers.length <= 8, 'too many trailers');
  must(whole.trailers.join('').length <= limits.maxTrailerBytes, 'trailers over the limit');
  must(!/[\0\r\n]/.test(whole.trailers.join('')), 'a line end in a trailer');
  if (whole.outcome === 'done') {
    const again = Buffer.from(encoded(random, whole.data) + lastChunk(whole.trailers), 'latin1');
    const unlimited = { maxExtensionBytes: 0, maxTrailerBytes: 2_000, maxTrailerFields: 0 };
    mustEqual(decoded([again], unlimited), { ...whole, end: again.length }, 'written anew');
  }

  const head = 'POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n';
  const reading = readRequests([Buffer.concat([Buffer.from(head), bytes])]);
  mustAgree(reading, await node.read(reading.forNode));
  return whole.outcome === 'done';
}

interface Parsed {
  readonly verdict: string;
  readonly start?: string;
  readonly fields?: readonly string[];
  readonly end?: number;
}

function checkHead(
  random: Random,
  bytes: Buffer,
  limits: HeadLimits,
  parse: (prefix: Buffer, from: number) => Parsed,
): void {
  const whole = parse(bytes, 0);
  const prefix = parse(bytes.subarray(0, below(random, bytes.length + 1)), 0);
  if (prefix.verdict !== 'incomplete')
    mustEqual(prefix, whole, 'decided otherwise before all of it had come');
  const shifted = parse(Buffer.concat([Buffer.from('before\r\n'), bytes]), 8);
  mustEqual(
    { ...shifted, end: shifted.end && shifted.end - 8 },
    { ...whole, end: whole.end },
    'another offset',
  );

  const { start, fields, end } = whole;
  if (start === undefined || fields === undefined || end === undefined) return;
  must(end <= bytes.length, 'ends behind its bytes');
  must(limits.maxBytes === 0 || end <= limits.maxBytes + 2, 'over the limit');
  must(limits.maxFields === 0 || fields.length <= limits.maxFields * 2, 'too many fields');
  for (const text of [start, ...fields]) {
    must(![...text].some(isControl), `a control byte in ${JSON.stringify(text)}`);
  }
  must(!fields.some((text) => /^[ \t]|[ \t]$/.test(text)), 'blanks around a value');
  let again = `${start}\r\n`;
  for (let i = 0; i < fields.length; i += 2) again += `${fields[i]}: ${fields[i + 1]}\r\n`;
  const rewritten = parse(Buffer.from(`${again}\r\n`, 'latin1'), 0);
  if (rewritten.verdict === 'head size' || rewritten.verdict === 'response headers exceeded limit') return;
  mustEqual({ ...rewritten, end: 0 }, { ...whole, end: 0 }, 'written anew');
}

interface Decoded {
  readonly data: string;
  readonly trailers: readonly string[];
  readonly outcome: string;
  readonly end: number;
}

function decoded(pieces: readonly Buffer[], limits: ChunkLimits): Decoded {
  const decoder = new ChunkedDecoder(limits);
  let data = '';
  let end = 0;
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length && !decoder.over) {
      const next = decoder.next(piece, at);
      must(next > at && next <= piece.length, 'no progress');
      must(decoder.dataStart >= at && decoder.dataEnd <= next, 'data outside of what was read');
      data += piece.toString('latin1', decoder.dataStart, decoder.dataEnd);
      at = next;
    }
    end += at;
  }
  const outcome = decoder.failed ?? (decoder.done ? 'done' : 'waiting');
  // How much was read of what is wrong depends on the split: the rest of a trailer section may not have come.
  return { data, trailers: decoder.trailers, outcome, end: decoder.failed === undefined ? end : 0 };
}

function encoded(random: Random, data: string): string {
  let text = '';
  for (let at = 0; at < data.length; ) {
    const piece = data.slice(at, at + 1 + below(random, data.length));
    text += chunkHead(piece.length) + piece + CHUNK_END;
    at += piece.length;
  }
  return text;
}

function someLimits(random: Random): HeadLimits {
  return {
    maxBytes: random() < 0.5 ? 0 : 1 + below(random, 400),
    maxFields: random() < 0.5 ? 0 : 1 + below(random, 8),
  };
}

function mustAgree(codec: CodecReading, node: Parameters<typeof disagreement>[1]): void {
  const difference = disagreement(codec, node);
  must(difference === undefined, `node reads otherwise: ${difference}`);
}

function mustBeSame(whole: CodecReading, split: CodecReading): void {
  mustEqual(split, whole, 'split otherwise');
}

function mustEqual(actual: unknown, expected: unknown, when: string): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  must(one === other, `${when}: ${one} instead of ${other}`);
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function isControl(char: string): boolean {
  return (char < ' ' && char !== '\t') || char === '\x7f';
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}
