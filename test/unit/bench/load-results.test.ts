import { expect } from 'chai';
import { h2loadResult } from '../../../scripts/bench/request-cost/h2load.ts';
import { wrkResult } from '../../../scripts/bench/request-cost/wrk.ts';

describe('what a load generator prints', () => {
  const WRK = `Running 1s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  1598 requests in 1.01s, 301.19KB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:   1585.94
`;
  const H2LOAD = `finished in 4.03s, 9921.50 req/s, 1.21MB/s
requests: 39686 total, 39786 started, 39686 done, 39680 succeeded, 6 failed, 0 errored, 0 timeout
status codes: 39680 2xx, 0 3xx, 0 4xx, 6 5xx
`;

  it('is read from wrk, all kinds of errors together', () => {
    expect(wrkResult(WRK)).to.deep.equal({ requests: 1_598, perSecond: 1_585.94, errors: 15 });
  });

  it('is read from h2load, where what is not 2xx is an error', () => {
    expect(h2loadResult(H2LOAD)).to.deep.equal({ requests: 39_686, perSecond: 9_921.5, errors: 6 });
  });

  it('is shown as it is when nothing was answered', () => {
    expect(() => wrkResult('unable to connect')).to.throw('nothing was answered:\nunable to connect');
    const nothing = H2LOAD.replaceAll(/\d+/gu, '0');
    expect(() => h2loadResult(nothing)).to.throw('nothing was answered:\nfinished in');
  });
});
