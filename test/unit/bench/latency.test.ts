import { expect } from 'chai';
import { answerLength } from '../../../scripts/bench/latency/client.ts';
import { takenMs } from '../../../scripts/bench/latency/core-watch.ts';
import { Disturbances } from '../../../scripts/bench/latency/disturbances.ts';
import { headEnds } from '../../../scripts/bench/latency/endpoint.ts';
import { latencyFigures } from '../../../scripts/bench/latency/latency-figures.ts';
import type { OpenLoadResult, Window } from '../../../scripts/bench/latency/messages.ts';
import { quietWaits } from '../../../scripts/bench/latency/quiet-windows.ts';

describe('waits, as the bench measures them', () => {
  describe('the time that others took of a core', () => {
    const idle = { ranMs: 0, waitedMs: 0 };
    const cases = [
      { name: 'is none where nobody waited', after: [{ ranMs: 20, waitedMs: 0 }, idle], expected: 0 },
      {
        name: 'is none where a thread waited for its sibling',
        after: [
          { ranMs: 10, waitedMs: 5 },
          { ranMs: 5, waitedMs: 10 },
        ],
        expected: 0,
      },
      {
        name: 'is what was waited beyond that',
        after: [
          { ranMs: 10, waitedMs: 8 },
          { ranMs: 5, waitedMs: 10 },
        ],
        expected: 3,
      },
    ];
    for (const { name, after, expected } of cases) {
      it(name, () => expect(takenMs([idle, idle], after)).to.equal(expected));
    }

    it('is counted from the last reading', () => {
      const before = [{ ranMs: 100, waitedMs: 50 }];
      expect(takenMs(before, [{ ranMs: 110, waitedMs: 57 }])).to.equal(7);
    });
  });

  describe('what a generator notes of disturbances', () => {
    it('is the longest time between two looks, in every window that it touches', () => {
      const noted = new Disturbances({ taken: () => 0 }, 4, 10, -5);
      for (const at of [-1, 1, 4, 8, 9, 31, 39, 45]) noted.look(at);
      expect([...noted.heldUpMs]).to.deep.equal([22, 22, 22, 22]);
    });

    it('leaves windows alone that it does not touch', () => {
      const noted = new Disturbances({ taken: () => 0 }, 3, 10, 0);
      for (let at = 0; at <= 30; at += 1) if (at < 12 || at > 16) noted.look(at);
      expect([...noted.heldUpMs]).to.deep.equal([1, 6, 1]);
    });

    it('is what was taken in each window, and nothing of the lead-in', () => {
      const readings = [9, 1, 2, 3];
      const noted = new Disturbances({ taken: () => readings.shift() ?? 0 }, 3, 10, -5);
      for (let at = -5; at <= 40; at += 1) noted.look(at);
      expect([...noted.takenMs]).to.deep.equal([1, 2, 3]);
    });
  });

  describe('quiet windows', () => {
    const quiet = (us: number): Window => ({ waitsUs: [us], heldUpMs: 0.2, takenMs: 0.3 });

    it('are those in which the machine did nothing else, and that follow no other', () => {
      const windows = [
        quiet(1),
        { ...quiet(2), heldUpMs: 4 },
        quiet(3),
        quiet(4),
        { ...quiet(5), takenMs: 3 },
        quiet(6),
        quiet(7),
      ];
      expect(quietWaits(windows)).to.deep.equal({ waitsUs: [1, 4, 7], windows: 7, thrownAway: 4 });
    });

    it('are not chosen by their waits', () => {
      expect(quietWaits([quiet(1), quiet(900_000)]).waitsUs).to.deep.equal([1, 900_000]);
    });
  });

  describe('heads', () => {
    const ends = (...pieces: string[]): number[] => pieces.map(counter(headEnds()));
    const counter = (count: (bytes: Uint8Array) => number) => (piece: string) => count(Buffer.from(piece));

    it('are counted where they end', () =>
      expect(ends('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n')).to.deep.equal([2]));
    it('are found however they were cut', () =>
      expect(ends('GET / HTTP/1.1\r', '\n\r', '\n')).to.deep.equal([0, 0, 1]));
    it('are found behind a stray CR', () => expect(ends('a\r\r\n\r\n')).to.deep.equal([1]));
    it('do not end with a single line', () => expect(ends('a\r\nb\r\n\r', 'c\r\n')).to.deep.equal([0, 0]));
  });

  describe('the length of an answer', () => {
    const of = (text: string): number => answerLength(Buffer.from(text), text.length);

    it('is that of head and body', () =>
      expect(of('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nxxx')).to.equal(52));
    it('is found whatever the field is spelled like', () =>
      expect(of('HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n')).to.equal(39));
    it('is not known before its head is whole', () =>
      expect(of('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r')).to.equal(Number.POSITIVE_INFINITY));
    it('does not come from what an earlier answer left in the buffer', () => {
      const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      expect(answerLength(bytes, 30)).to.equal(Number.POSITIVE_INFINITY);
    });
  });

  describe('figures of waits', () => {
    const waits = (us: number, slowUs = us): number[] =>
      Array.from({ length: 100 }, (_, n) => (n < 95 ? us : slowUs));
    const course = (name: string, window: Partial<Window>, rest: Partial<OpenLoadResult> = {}) => {
      const whole: Window = { waitsUs: [], heldUpMs: 0, takenMs: 0, ...window };
      return { name, perSecond: 1_000, results: [{ windows: [whole], unanswered: 0, errors: 0, ...rest }] };
    };
    const floor = course('no proxy', { waitsUs: waits(20) });
    const nginx = course('nginx', { waitsUs: waits(100, 400) });
    const verdicts = (
      turnout: ReturnType<typeof course>,
      others = { nginx, floor },
    ): (boolean | undefined)[] =>
      latencyFigures({ ...others, turnout, others: [] })
        .slice(0, 2)
        .map(({ met }) => met);

    it('are met at twice the time of nginx, and missed above', () =>
      expect(verdicts(course('turnout', { waitsUs: waits(200, 900) }))).to.deep.equal([true, false]));

    it('are missed where a request was not answered', () =>
      expect(verdicts(course('turnout', { waitsUs: waits(100) }, { unanswered: 1 }))).to.deep.equal([
        false,
        false,
      ]));

    it('have no verdict where too little is left', () =>
      expect(verdicts(course('turnout', { waitsUs: waits(100), takenMs: 5 }))).to.deep.equal([
        undefined,
        undefined,
      ]));

    it('have no verdict where the generator takes as long as nginx', () => {
      const slow = course('no proxy', { waitsUs: waits(60, 60) });
      expect(verdicts(course('turnout', { waitsUs: waits(100) }), { nginx, floor: slow })).to.deep.equal([
        undefined,
        true,
      ]);
    });

    it('have no verdict without nginx', () => {
      const figures = latencyFigures({ floor, turnout: nginx, others: [] });
      expect(figures[0]).to.include({ value: 'nginx was left out' });
      expect(figures[0]?.met).to.equal(undefined);
    });

    it('tell what was thrown away, and what it would have changed', () => {
      const windows = [
        { waitsUs: waits(100), heldUpMs: 0, takenMs: 0 },
        { waitsUs: waits(5_000), heldUpMs: 5, takenMs: 0 },
      ];
      const noisy = course('turnout', {}, { windows });
      const { value } = latencyFigures({ floor, turnout: noisy, nginx, others: [] })[2] ?? { value: '' };
      expect(value).to.include('p99 0.100').and.include('1 of 2 windows thrown away (p99 with them 5.000)');
    });
  });
});
