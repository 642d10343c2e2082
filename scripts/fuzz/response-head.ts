// Responses of all kinds against the codec and node's parser: `node scripts/fuzz/response-head.ts --seconds 600`.
import { checkResponses } from '../../test/support/http1/checks.ts';
import { someResponse } from '../../test/support/http1/message-maker.ts';
import { fuzz } from './fuzz.ts';

await fuzz({ name: 'response-head', make: someResponse, check: checkResponses });
