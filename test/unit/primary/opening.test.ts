import { expect } from 'chai';
import { RouterError } from '../../../lib/errors.ts';
import type { ListenMode, TrafficPorts } from '../../../lib/ipc/messages.ts';
import { Opening, type OpeningSlot } from '../../../lib/primary/opening.ts';
import type { WorkerState } from '../../../lib/primary/worker-slot.ts';

class FakeSlot implements OpeningSlot {
  state: WorkerState;
  failing = false;
  readonly told: TrafficPorts[] = [];

  constructor(state: WorkerState = 'ready') {
    this.state = state;
  }

  listen(ports: TrafficPorts): void {
    this.state = 'opening';
    this.told.push(ports);
  }
}

/** The worker that was told to listen does so. */
function listens(
  opening: Opening,
  slot: FakeSlot,
  ports: TrafficPorts,
  mode: ListenMode = 'reuse-port',
): void {
  slot.state = 'listening';
  opening.opened(ports, mode);
}

const FIXED = { http: 8080, https: undefined };
const ANY = { http: 0, https: undefined };

/** What `promise` came to by now, or that it is pending. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, Promise.resolve().then(() => 'pending')]);
}

describe('Opening', () => {
  it('tells each worker the ports when it is ready, and resolves when all listen', async () => {
    const [first, second] = [new FakeSlot(), new FakeSlot('syncing')];
    const opening = new Opening([first, second]);
    const opened = opening.open(FIXED);
    expect(first.told).to.deep.equal([FIXED]);
    expect(second.told).to.deep.equal([]);

    listens(opening, first, FIXED);
    expect(opening.listening).to.equal(1);
    expect(await outcome(opened)).to.equal('pending');
    second.state = 'ready';
    opening.next();
    expect(second.told).to.deep.equal([FIXED]);
    listens(opening, second, FIXED);
    expect(await opened).to.deep.equal(FIXED);
  });

  it('has one worker find the port for 0, and gives it to the others', async () => {
    const [first, second] = [new FakeSlot(), new FakeSlot()];
    const opening = new Opening([first, second]);
    const opened = opening.open(ANY);
    expect([first.told, second.told]).to.deep.equal([[ANY], []]);

    const found = { http: 40_000, https: undefined };
    listens(opening, first, found);
    expect(second.told).to.deep.equal([found]);
    listens(opening, second, found);
    expect(await opened).to.deep.equal(found);
  });

  it('has the next worker ask for 0 again where the handle is shared', () => {
    const [first, second] = [new FakeSlot(), new FakeSlot()];
    const opening = new Opening([first, second]);
    void opening.open(ANY);
    listens(opening, first, { http: 40_000, https: undefined }, 'shared-handle');
    expect(second.told).to.deep.equal([ANY]);
  });

  it('has another worker find the port when the first is lost', () => {
    const [first, second] = [new FakeSlot(), new FakeSlot()];
    const opening = new Opening([first, second]);
    void opening.open(ANY);
    first.state = 'starting';
    opening.lost();
    expect(second.told).to.deep.equal([ANY]);
  });

  it('does not wait for a worker that keeps dying, unless none listens', async () => {
    const [first, second] = [new FakeSlot(), new FakeSlot('starting')];
    const opening = new Opening([first, second]);
    const opened = opening.open(FIXED);
    second.failing = true;
    opening.lost();
    expect(await outcome(opened)).to.equal('pending');
    listens(opening, first, FIXED);
    expect(await opened).to.deep.equal(FIXED);
  });

  it('rejects when a worker cannot listen, and leaves later failures to the caller', async () => {
    const slot = new FakeSlot();
    const opening = new Opening([slot]);
    const opened = opening.open(FIXED).catch((error: unknown) => error);
    expect(opening.failed('port 8080: in use')).to.equal(true);
    expect(await opened)
      .to.be.instanceOf(RouterError)
      .that.includes({ code: 'LISTEN_FAILED', message: 'port 8080: in use' });
    expect(opening.failed('port 8080: in use')).to.equal(false);
  });

  it('tells nobody once it ended', () => {
    const slot = new FakeSlot('syncing');
    const opening = new Opening([slot]);
    void opening.open(FIXED);
    opening.end();
    slot.state = 'ready';
    opening.next();
    expect(slot.told).to.deep.equal([]);
  });
});
