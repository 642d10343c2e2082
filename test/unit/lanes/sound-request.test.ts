import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { soundRequest } from '../../../lib/lanes/general/sound-request.ts';
import { isAnswer } from '../../../lib/request/answer.ts';

const ORIGIN = { ip: '192.0.2.1', port: 40_000, tls: false, certificate: '' };

/** A request as node's server tells it. */
const request = (rawHeaders: readonly string[], more: object = {}): IncomingMessage =>
  ({
    method: 'POST',
    url: '/path',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    rawHeaders,
    ...more,
  }) as unknown as IncomingMessage;

describe('soundRequest of the general lane', () => {
  it('tells what policies and transport have to know', () => {
    const req = request(['Host', 'app.test', 'Content-Length', '5', 'Expect', '100-continue']);
    const sound = soundRequest(req, ORIGIN, 'websocket', true);
    if (isAnswer(sound)) throw new Error(`refused with ${sound.status}`);
    expect(sound).to.deep.include({
      framing: { kind: 'length', length: 5 },
      expectsContinue: true,
      upgrade: 'websocket',
      last: true,
    });
    expect(sound.head).to.include({
      method: 'POST',
      target: '/path',
      clientIp: '192.0.2.1',
      clientPort: 40_000,
    });
    expect(sound.route).to.include({ host: 'app.test', target: '/path' });
  });

  const REFUSED: { name: string; req: IncomingMessage; status: number }[] = [
    { name: 'another major version', req: request(['Host', 'a'], { httpVersionMajor: 2 }), status: 505 },
    { name: 'no Host', req: request([]), status: 400 },
    {
      name: 'two lengths',
      req: request(['Host', 'a', 'Content-Length', '1', 'Content-Length', '2']),
      status: 400,
    },
    {
      name: 'a transfer coding other than chunked',
      req: request(['Host', 'a', 'Transfer-Encoding', 'gzip']),
      status: 501,
    },
    { name: 'an unknown expectation', req: request(['Host', 'a', 'Expect', 'tea']), status: 417 },
    { name: 'no Host before its expectation', req: request(['Expect', 'tea']), status: 400 },
    { name: 'its framing before its host', req: request(['Transfer-Encoding', 'gzip']), status: 501 },
  ];
  for (const { name, req, status } of REFUSED) {
    it(`refuses a request for ${name} with ${status}`, () => {
      expect(soundRequest(req, ORIGIN, undefined, false)).to.include({ status });
    });
  }
});
