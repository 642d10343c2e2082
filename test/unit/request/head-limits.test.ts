import { expect } from 'chai';
import { headTooBig } from '../../../lib/request/head-limits.ts';
import { aHead } from '../../support/request-fixture.ts';

describe('headTooBig', () => {
  const headers = ['Host', 'a.com', 'X-One', '12345', 'X-Two', ''];
  // method, target and version with 4; host with 8; the two headers; the request id that is added
  const bytes = 3 + 4 + 8 + 4 + (5 + 8) + (5 + 5 + 4) + (5 + 0 + 4) + (17 + 36 + 4);
  const tooBig = (maxRequestHeaderBytes: number, maxRequestHeaders = 0, given: readonly string[] = headers) =>
    headTooBig(
      aHead({ target: 'http://a.com/a?b', headers: given }),
      { host: 'a.com', target: '/a?b' },
      {
        maxRequestHeaderBytes,
        maxRequestHeaders,
      },
    );

  it('takes a head below the limit and refuses one that reaches it', () => {
    expect(tooBig(bytes + 1)).to.equal(false);
    expect(tooBig(bytes)).to.equal(true);
  });

  it("counts the request id once, ours in place of the client's", () => {
    const given = [...headers, 'x-vcap-request-id', 'x'.repeat(100)];
    expect(tooBig(bytes + 1, 3, given)).to.equal(false);
  });

  it('counts header values without Host, the added one included', () => {
    expect(tooBig(10_000, 3)).to.equal(false);
    expect(tooBig(10_000, 2)).to.equal(true);
    expect(tooBig(10_000, 3, [...headers, 'X-Two', 'again'])).to.equal(true);
  });
});
