import { expect } from 'chai';
import { labelled } from '../../../../lib/labelled.ts';
import { LatestBySource } from '../../../../lib/primary/latest-by-source.ts';
import { Descriptors } from '../../../../lib/status/metrics/descriptors.ts';
import { Exposition } from '../../../../lib/status/metrics/exposition.ts';
import { counter, gauge, labelledMetric, type Metric } from '../../../../lib/status/metrics/metric.ts';

describe('Exposition', () => {
  const nobody = (): void => {};

  it('writes the text that Prometheus reads', async () => {
    let value = 1;
    const exposition = new Exposition(
      [
        counter('a_total', 'All of it.', () => value),
        gauge('b', 'Line\nand \\ backslash.', () => -0.5),
        labelledMetric('counter', 'c', 'By x.', 'x', () => [
          ['', 3],
          ['quote " backslash \\ line \n end', 4],
        ]),
        labelledMetric('gauge', 'd', 'Nothing yet.', 'x', () => []),
        {
          name: 'h',
          type: 'histogram',
          help: 'Parts.',
          read: () => [
            { suffix: '_bucket', labels: { le: '+Inf' }, value: 2 },
            { suffix: '_sum', value: 0.25 },
            { suffix: '_count', value: 2 },
          ],
        },
      ],
      nobody,
    );
    value = 7;
    expect(await exposition.text()).to.equal(
      [
        '# HELP a_total All of it.\n# TYPE a_total counter\na_total 7\n',
        '# HELP b Line\\nand \\\\ backslash.\n# TYPE b gauge\nb -0.5\n',
        '# HELP c By x.\n# TYPE c counter\nc{x=""} 3\nc{x="quote \\" backslash \\\\ line \\n end"} 4\n',
        '# HELP d Nothing yet.\n# TYPE d gauge\n',
        '# HELP h Parts.\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 0.25\nh_count 2\n',
        '# HELP promhttp_metric_handler_errors_total Metrics that could not be read, by cause.\n' +
          '# TYPE promhttp_metric_handler_errors_total counter\n' +
          'promhttp_metric_handler_errors_total{cause="encoding"} 0\n' +
          'promhttp_metric_handler_errors_total{cause="gathering"} 0\n',
      ].join('\n'),
    );
    expect(exposition.contentType).to.equal('text/plain; version=0.0.4; charset=utf-8');
  });

  it('leaves out a metric that cannot be read, says and counts so, and has the others', async () => {
    const broken: Metric = {
      name: 'broken',
      type: 'gauge',
      help: 'x',
      read: () => {
        throw new Error('no');
      },
    };
    const failed: string[] = [];
    const exposition = new Exposition([broken, gauge('well', 'x', () => 1)], (name) => failed.push(name));
    await exposition.text();
    const text = await exposition.text();
    expect(failed).to.deep.equal(['broken', 'broken']);
    expect(text).to.include('\nwell 1\n');
    expect(text).to.include('errors_total{cause="gathering"} 2\n');
  });
});

describe('labelled', () => {
  it('makes one value for each label, and one for all beyond the 256th', () => {
    const map = new Map<string, { count: number }>();
    const count = (label: string): void => {
      labelled(map, label, () => ({ count: 0 })).count += 1;
    };
    for (let i = 0; i < 300; i += 1) count(`l${i}`);
    for (let i = 0; i < 300; i += 1) count(`l${i}`);
    expect(map.size).to.equal(257);
    expect(map.get('l0')?.count).to.equal(2);
    expect(map.get('(other)')?.count).to.equal(88);
  });
});

describe('LatestBySource', () => {
  it('keeps the latest of each, and forgets those unheard of for longest', () => {
    const latest = new LatestBySource();
    latest.add(new Map([['first', 1]]));
    latest.add(new Map(Array.from({ length: 9_999 }, (_, i) => [`s${i}`, i])));
    latest.add(new Map([['first', 2]]));
    latest.add(new Map([['new', 3]]));
    expect(latest.values.size).to.equal(10_000);
    expect(latest.values.get('first')).to.equal(2);
    expect(latest.values.get('new')).to.equal(3);
    expect(latest.values.has('s0')).to.equal(false);
  });
});

describe('Descriptors', () => {
  it('counts those of each process, and looks at once for one that is new', async () => {
    const pids = [process.pid];
    const real = new Descriptors(() => pids);
    await real.know();
    expect(real.counts.get(process.pid)).to.be.within(3, 10_000);
    pids.push(2 ** 30);
    await real.know();
    expect([...real.counts.keys()]).to.deep.equal([process.pid]);
  });

  it('has none where there is no /proc', async () => {
    const none = new Descriptors(() => [1], '/nowhere');
    await none.know();
    expect(none.counts.size).to.equal(0);
  });
});
