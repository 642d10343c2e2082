import { expect } from 'chai';
import { type StopSignal, stopStep } from '../../../lib/primary/drain-plan.ts';

const TIMES = { waitMs: 20_000, timeoutMs: 900_000 };

describe('stopStep', () => {
  const cases: { signal: StopSignal; stopping: boolean; expected: unknown }[] = [
    { signal: 'SIGUSR1', stopping: false, expected: { step: 'drain', waitMs: 20_000, timeoutMs: 900_000 } },
    { signal: 'SIGTERM', stopping: false, expected: { step: 'drain', waitMs: 0, timeoutMs: 900_000 } },
    { signal: 'SIGINT', stopping: false, expected: { step: 'drain', waitMs: 0, timeoutMs: 900_000 } },
    { signal: 'SIGUSR1', stopping: true, expected: { step: 'ignore' } },
    { signal: 'SIGTERM', stopping: true, expected: { step: 'cut' } },
    { signal: 'SIGINT', stopping: true, expected: { step: 'cut' } },
  ];
  for (const { signal, stopping, expected } of cases) {
    it(`${signal} ${stopping ? 'while stopping' : 'while serving'}`, () => {
      expect(stopStep(signal, stopping, TIMES)).to.deep.equal(expected);
    });
  }
});
