// What the codec costs for each head or body, on this machine: `node scripts/bench/micro/http1.ts`.
import { ChunkedDecoder } from '../../../lib/http1/chunked-decoder.ts';
import { chunkHead, LAST_CHUNK } from '../../../lib/http1/chunked-encoder.ts';
import { parseRequest } from '../../../lib/http1/parse-request.ts';
import { parseResponse } from '../../../lib/http1/parse-response.ts';

interface MicroCase {
  readonly name: string;
  /** One unit of work; what it returns keeps the work from being optimised away. */
  run(): number;
}

const ROUNDS = 9;
const ROUND_MS = 200;
const LIMITS = { maxBytes: 1_052_672, maxFields: 0 };
const CHUNK_LIMITS = { maxExtensionBytes: 4_096, maxTrailerBytes: 16_384, maxTrailerFields: 100 };

const BROWSER = bytes(
  'GET /api/v2/things/4711?fields=name,owner&page=3 HTTP/1.1',
  'Host: things.apps.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Connection: keep-alive',
  'Cookie: JSESSIONID=6ce1d2f4a0b94; __VCAP_ID__=5b9e3a51-6d2c',
  'Referer: https://things.apps.example.com/app',
);
const SMALL = bytes('GET / HTTP/1.1', 'Host: app.test', 'Accept: */*', 'User-Agent: wrk/4.2');
const POST = bytes(
  'POST /upload HTTP/1.1',
  'Host: app.test',
  'Content-Type: application/octet-stream',
  'Transfer-Encoding: chunked',
);
const RESPONSE = bytes(
  'HTTP/1.1 200 OK',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 1532',
  'Date: Tue, 14 Jul 2026 08:12:31 GMT',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  'ETag: W/"5fc-Xb2kqTn0mFQ"',
  'Vary: Accept-Encoding',
);
const CHUNKED = chunkedBody(10, 1_024);

const CASES: readonly MicroCase[] = [
  { name: `request, 8 fields, ${BROWSER.length} bytes`, run: () => request(BROWSER) },
  { name: `request, 3 fields, ${SMALL.length} bytes`, run: () => request(SMALL) },
  { name: `request, chunked, ${POST.length} bytes`, run: () => request(POST) },
  { name: `response, 7 fields, ${RESPONSE.length} bytes`, run: () => response(RESPONSE) },
  { name: 'bytes to text alone, 8 fields', run: () => BROWSER.toString('latin1').length },
  { name: 'chunked body, 10 x 1 KB', run: () => decode(CHUNKED) },
];

for (const micro of CASES) {
  const figures = Array.from({ length: ROUNDS }, () => nsPerRun(micro.run)).sort((a, b) => a - b);
  const median = figures[ROUNDS >> 1]!;
  console.log(
    `${micro.name.padEnd(36)} ${median.toFixed(0).padStart(6)} ns   (best ${figures[0]!.toFixed(0)})`,
  );
}

function request(head: Buffer): number {
  const parsed = parseRequest(head, 0, LIMITS);
  if (parsed.kind !== 'request') throw new Error(`not a request: ${parsed.kind}`);
  return parsed.end;
}

function response(head: Buffer): number {
  const parsed = parseResponse(head, 0, 'GET', LIMITS);
  if (parsed.kind !== 'response') throw new Error(`not a response: ${parsed.kind}`);
  return parsed.end;
}

function decode(body: Buffer): number {
  const decoder = new ChunkedDecoder(CHUNK_LIMITS);
  let size = 0;
  for (let at = 0; at < body.length && !decoder.over; ) {
    at = decoder.next(body, at);
    size += decoder.dataEnd - decoder.dataStart;
  }
  return size;
}

/** By CPU time, which a busy machine disturbs least. */
function nsPerRun(run: () => number): number {
  let runs = 0;
  let kept = 0;
  let elapsedUs = 0;
  const from = process.threadCpuUsage();
  while (elapsedUs < ROUND_MS * 1_000) {
    for (let i = 0; i < 1_000; i += 1) kept += run();
    runs += 1_000;
    const { user, system } = process.threadCpuUsage(from);
    elapsedUs = user + system;
  }
  if (kept === 0) throw new Error('nothing was done');
  return (elapsedUs * 1_000) / runs;
}

function bytes(...lines: string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function chunkedBody(chunks: number, size: number): Buffer {
  return Buffer.from(`${chunkHead(size)}${'x'.repeat(size)}\r\n`.repeat(chunks) + LAST_CHUNK);
}
