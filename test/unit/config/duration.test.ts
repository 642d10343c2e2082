import { expect } from 'chai';
import { formatDuration, parseDuration, timerMs } from '../../../lib/config/duration.ts';

describe('parseDuration', () => {
  const good: readonly (readonly [text: string, ms: number])[] = [
    ['0', 0],
    ['+0', 0],
    ['-0', 0],
    ['0s', 0],
    ['-0s', 0],
    ['15s', 15_000],
    ['1m30s', 90_000],
    ['1h30m', 5_400_000],
    ['1h2m3.5s', 3_723_500],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['5.s', 5_000],
    ['-1s', -1_000],
    ['+1s', 1_000],
    ['30s1h', 3_630_000],
    ['250us', 0.25],
    ['250\u00b5s', 0.25],
    ['250\u03bcs', 0.25],
    ['1ns', 1e-6],
    ['1000h', 3_600_000_000],
    ['2562047h', 2_562_047 * 3_600_000],
    ['0.000000001s', 1e-6],
  ];
  for (const [text, ms] of good) {
    it(`reads ${text} as ${ms} ms`, () => expect(parseDuration(text)).to.equal(ms));
  }

  const bad = [
    ...[
      '',
      '5',
      '-',
      '+',
      's',
      '.s',
      '1d',
      '1 s',
      ' 1s',
      '1s ',
      '1h 30m',
      '1S',
      '1sec',
      '1,5s',
      '1e3s',
      '--1s',
    ],
    ...['1s1', '0x5s', '1:30', '2562048h', '9999999999999999999h', '5 minutes', 'null', '\u0661s', '1s\n'],
  ];
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseDuration(text)).to.equal(undefined));
  }
});

describe('formatDuration', () => {
  const table: readonly (readonly [ms: number, text: string])[] = [
    [0, '0s'],
    [1e-6, '1ns'],
    [0.25, '250\u00b5s'],
    [0.0015, '1.5\u00b5s'],
    [500, '500ms'],
    [1.5, '1.5ms'],
    [1_000, '1s'],
    [1_500, '1.5s'],
    [15_000, '15s'],
    [60_000, '1m0s'],
    [90_000, '1m30s'],
    [3_600_000, '1h0m0s'],
    [3_723_500, '1h2m3.5s'],
    [-1_000, '-1s'],
    [86_400_000, '24h0m0s'],
  ];
  for (const [ms, text] of table) {
    it(`writes ${ms} ms as ${text}`, () => expect(formatDuration(ms)).to.equal(text));
    it(`writes ${ms} ms so that it reads back`, () => expect(parseDuration(formatDuration(ms))).to.equal(ms));
  }
});

describe('timerMs', () => {
  it('keeps what a timer keeps', () => expect(timerMs(1_500)).to.equal(1_500));
  it('cuts what would make a timer fire at once', () => expect(timerMs(2 ** 31)).to.equal(2 ** 31 - 1));
  it('makes nothing of a negative duration', () => expect(timerMs(-5)).to.equal(0));
});
