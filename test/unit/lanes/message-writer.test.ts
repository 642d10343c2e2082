import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { ResponseHead } from '../../../lib/lanes/exchange-sides.ts';
import { AnswerWriter } from '../../../lib/lanes/fast/answer-writer.ts';
import { RequestWriter } from '../../../lib/lanes/fast/request-writer.ts';
import type { RequestFields } from '../../../lib/request/headers-in.ts';
import { type OwnFields, ownText } from '../../../lib/request/own-fields.ts';

const LARGE = 'x'.repeat(5000);

/** What a writer of that kind writes. */
function written<W extends RequestWriter | AnswerWriter>(
  Writer: new (socket: Socket) => W,
  write: (writer: W) => void,
): string {
  const written: Buffer[] = [];
  const socket = {
    write: (data: string | Buffer) => written.push(Buffer.from(data as string, 'latin1')),
    cork: () => {},
    uncork: () => {},
    writableNeedDrain: false,
  };
  const writer = new Writer(socket as unknown as Socket);
  write(writer);
  writer.flushNow();
  return Buffer.concat(written).toString('latin1');
}

const OWN: OwnFields = {
  framing: [],
  trailers: false,
  upgrade: undefined,
  forwardedFor: '10.0.0.1',
  forwardedProto: 'http',
  clientCert: '',
  requestStart: undefined,
  requestId: 'id',
  appId: 'app',
  instanceId: 'instance',
  instanceIndex: '0',
};
const OURS = ownText(OWN);
const fields = (...kept: string[]): RequestFields => ({ kept, own: OWN });

describe('MessageWriter', () => {
  const bytes = Buffer.from(`<hello>${LARGE}`);

  it('writes a body of known length as it is, and nothing at its end', () => {
    const text = written(RequestWriter, (writer) => {
      writer.head(
        'POST',
        '/',
        fields('Host', 'a', 'Content-Length', '5005'),
        { kind: 'length', length: 5005 },
        undefined,
      );
      writer.body(bytes, 1, 6);
      writer.body(bytes, 7, 5007);
      writer.end(['X-Sum', '1']);
    });
    expect(text).to.equal(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5005\r\n${OURS}\r\nhello${LARGE}`);
  });

  it('writes a chunk for each piece, small or large, and the trailers that may be forwarded', () => {
    const text = written(RequestWriter, (writer) => {
      writer.head('POST', '/', fields('Transfer-Encoding', 'chunked'), { kind: 'chunked' }, undefined);
      writer.body(bytes, 1, 6);
      writer.body(bytes, 7, 5007);
      writer.end(['X-Sum', '1', 'Content-Length', '9']);
    });
    const head = `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${OURS}\r\n`;
    expect(text).to.equal(`${head}5\r\nhello\r\n1388\r\n${LARGE}\r\n0\r\nX-Sum: 1\r\n\r\n`);
  });

  it('frames each message by its own head', () => {
    const text = written(RequestWriter, (writer) => {
      writer.head('POST', '/1', fields(), { kind: 'chunked' }, undefined);
      writer.end(undefined);
      writer.head('POST', '/2', fields(), { kind: 'length', length: 5 }, undefined);
      writer.body(bytes, 1, 6);
      writer.end(undefined);
    });
    expect(text).to.equal(`POST /1 HTTP/1.1\r\n${OURS}\r\n0\r\n\r\nPOST /2 HTTP/1.1\r\n${OURS}\r\nhello`);
  });

  it('puts no chunk around what an answer of a known length says', () => {
    const text = written(AnswerWriter, (writer) => {
      const response: ResponseHead = { status: 200, headers: [], body: 'length', text: '', fieldsAt: -1 };
      writer.head(response, 'GET', ['Content-Length', '5'], false);
      writer.body(bytes, 1, 6);
      writer.end(undefined);
    });
    expect(text).to.match(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhello$/s);
  });
});
