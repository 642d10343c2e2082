import { expect } from 'chai';
import { startMessage } from '../../../lib/feed/start-message.ts';

const ROUTER = {
  index: 7,
  uuid: '0c2b0a4e-5a0f-4f6b-7a1e-6f3f0c5c8a11',
  localAddress: '10.0.16.14',
  startResponseDelayMs: 5000,
  staleThresholdMs: 120_000,
};

describe('startMessage', () => {
  it('has the fields of the contract, in its order', () => {
    expect(JSON.stringify(startMessage(ROUTER))).to.equal(
      '{"id":"7-0c2b0a4e-5a0f-4f6b-7a1e-6f3f0c5c8a11","hosts":["10.0.16.14"],' +
        '"minimumRegisterIntervalInSeconds":5,"pruneThresholdInSeconds":120}',
    );
  });

  it('cuts fractions of seconds', () => {
    expect(startMessage({ ...ROUTER, startResponseDelayMs: 1999, staleThresholdMs: 999 })).to.include({
      minimumRegisterIntervalInSeconds: 1,
      pruneThresholdInSeconds: 0,
    });
  });
});
