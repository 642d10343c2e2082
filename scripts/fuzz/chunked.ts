// Chunked bodies of all kinds against the codec and node's parser: `node scripts/fuzz/chunked.ts --seconds 600`.
import { checkChunks } from '../../test/support/http1/checks.ts';
import { someChunks } from '../../test/support/http1/message-maker.ts';
import { NodeRequestReader } from '../../test/support/http1/node-reading.ts';
import { fuzz } from './fuzz.ts';

const node = new NodeRequestReader();
await fuzz({
  name: 'chunked',
  make: someChunks,
  check: (random, bytes) => checkChunks(random, bytes, node),
});
