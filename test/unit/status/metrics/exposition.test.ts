import { expect } from 'chai';
import { labelled } from '../../../../lib/labelled.ts';
import { LatestBySource } from '../../../../lib/primary/latest-by-source.ts';
import { Descriptors } from '../../../../lib/status/metrics/descriptors.ts';
import { Exposition } from '../../../../lib/status/metrics/exposition.ts';
import { counter, gauge, labelledMetric, type Metric } from '../../../../lib/status/metrics/metric.ts';

describe('Exposition', () => {
  const nobody = (): void => {};

  it('writes the text that Prometheus reads', () => {
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
    expect([...exposition.pieces()].join('')).to.equal(
      [
        '# HELP a_total All of it.\n# TYPE a_total counter\na_total 7\n',
        '# HELP b Line\\nand \\\\ backslash.\n# TYPE b gauge\nb -0.5\n',
        '# HELP c By x.\n# TYPE c counter\nc{x=""} 3\nc{x="quote \\" backslash \\\\ line \\n end"} 4\n',
        '# HELP h Parts.\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 0.25\nh_count 2\n',
        '# HELP promhttp_metric_handler_errors_total Metrics that could not be read, by cause.\n' +
          '# TYPE promhttp_metric_handler_errors_total counter\n' +
          'promhttp_metric_handler_errors_total{cause="encoding"} 0\n' +
          'promhttp_metric_handler_errors_total{cause="gathering"} 0\n',
      ].join(''),
    );
    expect(exposition.contentType).to.equal('text/plain; version=0.0.4; charset=utf-8');
  });

  it('leaves out a metric that cannot be read, says and counts so, and has the others', () => {
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
    const text = [exposition.pieces(), exposition.pieces()].map((pieces) => [...pieces].join('')).join('');
    expect(failed).to.deep.equal(['broken', 'broken']);
    expect(text).to.include('\nwell 1\n');
    expect(text).to.include('errors_total{cause="gathering"} 2\n');
  });
});

describe('Exposition of many series', () => {
  it('is made of small pieces', () => {
    const values = new Map(Array.from({ length: 10_000 }, (_, i) => [`app-${i}`, i]));
    const metric = labelledMetric('gauge', 'many', 'x', 'app', () => values);
    const pieces = [...new Exposition([metric], () => {}).pieces()];
    expect(pieces.length).to.be.above(100);
    expect(Math.max(...pieces.map((piece) => piece.split('\n').length))).to.be.at.most(101);
    const lines = pieces.join('').split('\n');
    expect(lines).to.include('many{app="app-0"} 0').and.include('many{app="app-9999"} 9999');
  });

  it('spells what is no finite number', () => {
    const metrics = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e21, 1e-9].map(
      (value, i) => gauge(`n${i}`, 'x', () => value),
    );
    const text = [...new Exposition(metrics, () => {}).pieces()].join('');
    expect(text.match(/^n\d .*$/gm)).to.deep.equal(['n0 +Inf', 'n1 -Inf', 'n2 NaN', 'n3 1e+21', 'n4 1e-9']);
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
