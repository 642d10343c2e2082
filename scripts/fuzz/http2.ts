// What HTTP/2 clients may send, and what is near it, against the codec: `node scripts/fuzz/http2.ts --seconds 600`.
import { checkFrames, someFrames } from '../../test/support/http2/frame-checks.ts';
import { fuzz } from './fuzz.ts';

await fuzz({ name: 'http2', make: someFrames, check: async (random, bytes) => checkFrames(random, bytes) });
