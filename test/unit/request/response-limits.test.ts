import { expect } from 'chai';
import { responseHeadCheck } from '../../../lib/request/response-limits.ts';

describe('responseHeadCheck', () => {
  const HEADERS = ['A', '1', 'a', '22', 'Transfer-Encoding', 'chunked', 'Trailer', 'X'];
  const BYTES = 'HTTP/1.1 200 OK\r\nA: 1\r\na: 22\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n'.length;

  it('is nothing without limits', () => {
    expect(responseHeadCheck(0, 0)).to.equal(undefined);
    expect(responseHeadCheck(-1, -1)).to.equal(undefined);
  });

  it('counts values, but not those that frame the body', () => {
    expect(responseHeadCheck(0, 2)!('OK', HEADERS)).to.equal(undefined);
    expect(responseHeadCheck(0, 1)!('OK', HEADERS)?.message).to.equal('Too many response headers');
  });

  it('counts bytes as they came, up to the empty line', () => {
    expect(responseHeadCheck(BYTES, 0)!('OK', HEADERS)).to.equal(undefined);
    expect(responseHeadCheck(BYTES - 1, 0)!('OK', HEADERS)?.message).to.equal(
      `net/http: server response headers exceeded ${BYTES - 1} bytes; aborted`,
    );
  });
});
