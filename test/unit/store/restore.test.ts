import { expect } from 'chai';
import { MAX_CLOCK_SKEW_MS, planRestore } from '../../../lib/store/restore.ts';
import type { LoadedSnapshot } from '../../../lib/store/store.ts';
import { storedRoute } from '../../support/stored-routes.ts';

const NOW = 1_760_000_000_000;
const MAX_AGE = 60_000;

function snapshot(members: Partial<LoadedSnapshot> = {}): LoadedSnapshot {
  const routes = [storedRoute('a', {}, { confirmedAtMs: NOW - 5000 })];
  return { savedAtMs: NOW - 1000, routes, damaged: [], origin: 'here', own: true, ...members };
}

describe('plan of a restore', () => {
  const cases: {
    name: string;
    given: LoadedSnapshot | undefined;
    maxAgeMs?: number;
    expect: { routes: number; reason: RegExp | undefined; ageMs: number | undefined; begin: string };
  }[] = [
    {
      name: 'uses a fresh snapshot of its own, and goes on from there',
      given: snapshot(),
      expect: { routes: 1, reason: undefined, ageMs: 1000, begin: 'continue' },
    },
    {
      name: "uses another router's, and writes its own from the start",
      given: snapshot({ own: false }),
      expect: { routes: 1, reason: undefined, ageMs: 1000, begin: 'start-over' },
    },
    {
      name: 'starts cold without a snapshot',
      given: undefined,
      expect: { routes: 0, reason: /no snapshot/, ageMs: undefined, begin: 'start-over' },
    },
    {
      name: 'uses one of exactly the allowed age',
      given: snapshot({ savedAtMs: NOW - MAX_AGE }),
      expect: { routes: 1, reason: undefined, ageMs: MAX_AGE, begin: 'continue' },
    },
    {
      name: 'does not use one that is older',
      given: snapshot({ savedAtMs: NOW - MAX_AGE - 1 }),
      expect: {
        routes: 0,
        reason: /too old: 60001 ms, allowed are 60000 ms/,
        ageMs: 60_001,
        begin: 'start-over',
      },
    },
    {
      name: 'uses one from a clock that is a little ahead, as of now',
      given: snapshot({ savedAtMs: NOW + MAX_CLOCK_SKEW_MS }),
      expect: { routes: 1, reason: undefined, ageMs: 0, begin: 'continue' },
    },
    {
      name: 'does not use one from the future',
      given: snapshot({ savedAtMs: NOW + MAX_CLOCK_SKEW_MS + 1 }),
      expect: { routes: 0, reason: /from the future, by 300001 ms/, ageMs: 0, begin: 'start-over' },
    },
    {
      name: 'does not use one without a date',
      given: snapshot({ savedAtMs: 0 }),
      expect: { routes: 0, reason: /no date/, ageMs: undefined, begin: 'start-over' },
    },
    {
      name: 'does not use one whose date is nonsense',
      given: snapshot({ savedAtMs: Number.NaN }),
      expect: { routes: 0, reason: /no date/, ageMs: undefined, begin: 'start-over' },
    },
    {
      name: 'says that a good snapshot held nothing',
      given: snapshot({ routes: [] }),
      expect: { routes: 0, reason: /empty/, ageMs: 1000, begin: 'continue' },
    },
    {
      name: 'uses an entry that nobody has confirmed for long: while NATS is away nobody can',
      given: snapshot({ routes: [storedRoute('a', {}, { confirmedAtMs: 1 })] }),
      expect: { routes: 1, reason: undefined, ageMs: 1000, begin: 'continue' },
    },
    {
      name: 'uses nothing that has an age when none is allowed',
      given: snapshot(),
      maxAgeMs: 0,
      expect: { routes: 0, reason: /too old/, ageMs: 1000, begin: 'start-over' },
    },
  ];
  for (const { name, given, maxAgeMs, expect: expected } of cases) {
    it(name, () => {
      const plan = planRestore(given, NOW, maxAgeMs ?? MAX_AGE);
      expect(plan.routes).to.have.length(expected.routes);
      if (expected.reason === undefined) expect(plan.reason).to.equal(undefined);
      else expect(plan.reason).to.match(expected.reason);
      expect(plan.ageMs).to.equal(expected.ageMs);
      expect(plan.begin).to.equal(expected.begin);
    });
  }

  it('believes no confirmation from the future', () => {
    const routes = [
      storedRoute('a', {}, { confirmedAtMs: NOW + 1 }),
      storedRoute('b', {}, { confirmedAtMs: NOW }),
    ];
    const plan = planRestore(snapshot({ routes }), NOW, MAX_AGE);
    expect(plan.routes.map((route) => route.confirmedAtMs)).to.deep.equal([NOW, NOW]);
  });

  it('passes on what was damaged, whether the rest is used or not', () => {
    const damaged = ['one', 'two'];
    expect(planRestore(snapshot({ damaged }), NOW, MAX_AGE).damaged).to.deep.equal(damaged);
    expect(planRestore(snapshot({ damaged, savedAtMs: 0 }), NOW, MAX_AGE).damaged).to.deep.equal(damaged);
  });
});
