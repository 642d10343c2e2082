import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Loaded into a router's processes by tests: writes down, three times a second, the bytes that are live, with all garbage
 * collected, one number a line, to `<LIVE_MEMORY>.<pid>`. Resident memory would show when the collector runs instead.
 */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const file = `${process.env.LIVE_MEMORY}.${process.pid}`;

setInterval(() => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  appendFileSync(file, `${heapUsed + external}\n`);
}, 300).unref();
