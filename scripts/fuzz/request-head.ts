// Requests of all kinds against the codec and node's parser: `node scripts/fuzz/request-head.ts --seconds 600`.
import { checkRequests } from '../../test/support/http1/checks.ts';
import { someRequests } from '../../test/support/http1/message-maker.ts';
import { NodeRequestReader } from '../../test/support/http1/node-reading.ts';
import { fuzz } from './fuzz.ts';

const node = new NodeRequestReader();
await fuzz({
  name: 'request-head',
  make: someRequests,
  check: (random, bytes) => checkRequests(random, bytes, node),
});
