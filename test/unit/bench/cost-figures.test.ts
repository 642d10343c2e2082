import { expect } from 'chai';
import { type EntrantSamples, rowFigures } from '../../../scripts/bench/request-cost/cost-figures.ts';
import type { Sample } from '../../../scripts/bench/request-cost/load-generator.ts';

describe('the figures of a row of costs', () => {
  const entrant = (name: string, costs: readonly number[], more: Partial<Sample> = {}): EntrantSamples => ({
    name,
    samples: costs.map((costUs) => ({
      ...{
        costUs,
        requests: 1,
        perSecond: 40_000,
        errors: 0,
        firstProcessShare: 0.002,
        idle: 0.01,
        others: 0.01,
      },
      ...more,
    })),
  });
  const againstNginx = { kind: 'cost', against: 'nginx', times: 1.5 } as const;

  it('compares medians, and says what each took part with', () => {
    const figures = rowFigures(
      [againstNginx],
      [entrant('turnout', [15, 90, 14]), entrant('nginx', [10, 10, 1])],
    );
    expect(figures).to.deep.equal([
      { name: 'turnout / nginx', value: '1.50x (15.0 / 10.0 us)', target: '<= 1.5x', met: true },
      { name: 'turnout', value: '15.0 us of CPU (14.0 to 90.0), 40,000 per second' },
      { name: 'nginx', value: '10.0 us of CPU (1.0 to 10.0), 40,000 per second' },
    ]);
  });

  it('has no verdict without the one to compare with', () => {
    expect(rowFigures([againstNginx], [entrant('turnout', [15])])[0]).to.deep.equal({
      ...{ name: 'turnout / nginx', value: 'nginx was left out', target: '<= 1.5x' },
    });
  });

  it('is missed when requests failed, however cheap they were', () => {
    const figures = rowFigures(
      [againstNginx],
      [entrant('turnout', [1], { errors: 2 }), entrant('nginx', [10])],
    );
    expect(figures[0]?.met).to.equal(false);
    expect(figures[1]?.value).to.include('2 errors');
  });

  it('says when a core had time to spare, or worked for others', () => {
    const [own] = rowFigures([], [entrant('turnout', [1], { idle: 0.5, others: 0.25 })]);
    expect(own?.value).to.include('core 50% idle, 25% of it taken by other processes');
  });

  it("holds the primary's share below its limit", () => {
    const share = (firstProcessShare: number) =>
      rowFigures([{ kind: 'primary', share: 0.01 }], [entrant('turnout', [1], { firstProcessShare })])[0]
        ?.met;
    expect([share(0.0099), share(0.01)]).to.deep.equal([true, false]);
  });
});
