import { expect } from 'chai';
import { Pruner } from '../../../lib/primary/pruner.ts';
import { Registry } from '../../../lib/primary/registry.ts';
import { aRegistration } from '../../support/endpoint-fixture.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

const STALE = 120_000;
const REGISTER_INTERVAL = 20_000;

function aPruner(pauseWithoutBus: boolean, everyMs = 30_000) {
  const logger = recordingLogger();
  const registry = new Registry({
    options: {
      defaultAlgorithm: 'round-robin',
      markMs: STALE / 4,
      sharding: { mode: 'all', segments: new Set() },
      keepEmptyPools: false,
      emptyPoolTimeoutMs: 0,
    },
    logger,
    onChange: () => {},
    onStoredChange: () => {},
  });
  const clock = { nowMs: 1_000_000 };
  const pruner = new Pruner({
    registry,
    logger,
    now: () => clock.nowMs,
    everyMs,
    registerIntervalMs: REGISTER_INTERVAL,
    pauseWithoutBus,
  });
  const said = (): string[] => logger.lines.map((line) => line.message);
  return { pruner, registry, clock, said };
}

describe('Pruner', () => {
  it('removes stale endpoints while the bus is there', () => {
    const { pruner, registry, clock } = aPruner(true);
    pruner.busRegained();
    registry.register(aRegistration(['a.com']), clock.nowMs);
    clock.nowMs += STALE + 1;
    pruner.cycle();
    expect(registry.routeCount).to.equal(0);
  });

  it('never runs without an interval', () => {
    const { pruner } = aPruner(true, 0);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    pruner.start();
    expect(timers()).to.equal(before);
    const { pruner: running } = aPruner(true);
    running.start();
    expect(timers()).to.equal(before + 1);
    running.stop();
  });

  it('removes nothing before the bus was ever reached', () => {
    const { pruner, registry, clock, said } = aPruner(true);
    registry.register(aRegistration(['a.com']), clock.nowMs);
    clock.nowMs += 10 * STALE;
    pruner.cycle();
    expect(registry.routeCount).to.equal(1);
    expect(said()).to.include('prune-suspended');
  });

  it('pauses while the bus is away and for one register interval after it returned', () => {
    const { pruner, registry, clock } = aPruner(true);
    pruner.busRegained();
    registry.register(aRegistration(['short.com'], { staleThresholdMs: 1_000 }), clock.nowMs);
    pruner.busLost();
    clock.nowMs += 10 * STALE;
    pruner.cycle();
    expect(registry.routeCount).to.equal(1);
    pruner.busRegained();
    clock.nowMs += REGISTER_INTERVAL - 1;
    pruner.cycle();
    expect(registry.routeCount).to.equal(1);
    clock.nowMs += 1;
    pruner.cycle();
    expect(registry.routeCount).to.equal(0);
  });

  it('gives every endpoint a full threshold once the bus is back', () => {
    const { pruner, registry, clock } = aPruner(true);
    registry.register(aRegistration(['a.com']), clock.nowMs);
    clock.nowMs += 10 * STALE;
    pruner.busRegained();
    clock.nowMs += STALE;
    pruner.cycle();
    expect(registry.routeCount).to.equal(1);
    clock.nowMs += 1;
    pruner.cycle();
    expect(registry.routeCount).to.equal(0);
  });

  it('goes on without the bus where the configuration says so', () => {
    const { pruner, registry, clock } = aPruner(false);
    registry.register(aRegistration(['a.com']), clock.nowMs);
    clock.nowMs += STALE + 1;
    pruner.cycle();
    expect(registry.routeCount).to.equal(0);
  });

  for (const pauseWithoutBus of [true, false]) {
    it(`takes a time in which this process stood still for none, with pauseWithoutBus ${pauseWithoutBus}`, () => {
      const { pruner, registry, clock, said } = aPruner(pauseWithoutBus);
      pruner.busRegained();
      registry.register(aRegistration(['a.com']), clock.nowMs);
      clock.nowMs += 30_000;
      pruner.due();
      clock.nowMs += 10 * STALE;
      pruner.due();
      expect(registry.routeCount).to.equal(1);
      expect(said()).to.include('prune-held-up');
      // From there on as ever, small delays allowed.
      for (let i = 0; i < 4; i += 1) {
        clock.nowMs += 30_100;
        pruner.due();
      }
      expect(registry.routeCount).to.equal(0);
    });
  }
});
