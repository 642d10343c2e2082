import { expect } from 'chai';
import { announcedTrailers, forwardableTrailers } from '../../../lib/request/trailers.ts';

describe('trailers', () => {
  const FORBIDDEN = [
    'Content-Length',
    'Transfer-Encoding',
    'Host',
    'Connection',
    'Trailer',
    'Te',
    'Authorization',
    'Proxy-Authorization',
    'COOKIE',
    'Set-Cookie',
    'X-Forwarded-For',
    'x_forwarded_proto',
    'X-Cf-App-Instance',
    'X-Vcap-Request-Id',
    'If-Match',
    'Content-Type',
  ];
  for (const name of FORBIDDEN) {
    it(`named ${name} are dropped, and their announcement too`, () => {
      expect(forwardableTrailers(['X-A', '1', name, 'v', 'X-B', '2'])).to.deep.equal([
        'X-A',
        '1',
        'X-B',
        '2',
      ]);
      expect(announcedTrailers(`X-A,${name} , X-B`)).to.equal('X-A, X-B');
      expect(announcedTrailers(name)).to.equal(undefined);
    });
  }

  it('of gRPC pass, duplicates and case kept', () => {
    const raw = ['grpc-status', '0', 'Grpc-Message', 'ok', 'grpc-status', '1'];
    expect(forwardableTrailers(raw)).to.deep.equal(raw);
  });
});
