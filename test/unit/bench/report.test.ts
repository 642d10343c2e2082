import { expect } from 'chai';
import { reportCounts, reportTable } from '../../../scripts/bench/report.ts';
import { atMost, plainly } from '../../../scripts/bench/scenario.ts';

describe('the table of a bench', () => {
  const outcome = { name: 'one', about: '', seconds: 1, figures: [] };
  const cellsOf = (row: string | undefined): string[] =>
    (row ?? '')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const rowsOf = (table: string): string[][] => table.split('\n').slice(2).map(cellsOf);

  it('says whether a figure was reached, the limit itself included', () => {
    const figures = [
      atMost('a', 10, 10, 'ms'),
      atMost('b', 10.01, 10, 'ms', 2),
      plainly('c', 1234567, 'bytes'),
    ];
    expect(rowsOf(reportTable([{ ...outcome, figures }]))).to.deep.equal([
      ['one', 'a', '10 ms', '<= 10 ms', 'met'],
      ['one', 'b', '10.01 ms', '<= 10 ms', 'missed'],
      ['one', 'c', '1,234,567 bytes', '', ''],
    ]);
  });

  it('has a row for what could not be run, and for what was left out', () => {
    const table = reportTable([
      { ...outcome, failure: 'the router | ended\nwith a long log' },
      { ...outcome, name: 'two', skipped: 'install wrk' },
    ]);
    expect(rowsOf(table)).to.deep.equal([
      ['one', 'could not be run', 'the router / ended', '', ''],
      ['two', 'left out', 'install wrk', '', ''],
    ]);
  });

  it('is counted', () => {
    const figures = [
      atMost('a', 1, 2, 'ms'),
      atMost('b', 2, 2, 'ms'),
      atMost('c', 3, 2, 'ms'),
      plainly('d', 1, 'ms'),
      { name: 'e', value: 'nginx was left out', target: '<= 2x' },
    ];
    const all = [
      { ...outcome, figures },
      { ...outcome, failure: 'x' },
      { ...outcome, skipped: 'y' },
    ];
    expect(reportCounts(all)).to.equal(
      '2 met, 1 missed, 1 without a verdict, 1 scenarios left out, 1 could not be run',
    );
  });
});
