import { expect } from 'chai';
import { RouterError } from '../../../lib/errors.ts';
import type { ToWorker } from '../../../lib/ipc/messages.ts';
import { Opening, type OpeningSlot } from '../../../lib/primary/opening.ts';
import type { WorkerState } from '../../../lib/primary/worker-slot.ts';

class FakeSlot implements OpeningSlot {
  state: WorkerState;
  failing = false;
  readonly told: ToWorker[] = [];

  constructor(state: WorkerState = 'ready') {
    this.state = state;
  }

  tell(message: ToWorker): void {
    this.told.push(message);
  }
}

const FIXED = { http: 8080, https: undefined };
const ANY = { http: 0, https: undefined };
const listen = (ports: { http: number; https: undefined }): ToWorker => ({ type: 'listen', ports });

/** What `promise` came to by now, or that it is pending. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, Promise.resolve().then(() => 'pending')]);
}

describe('Opening', () => {
  it('tells each worker the ports when it is ready, and resolves when all listen', async () => {
    const [first, second] = [new FakeSlot(), new FakeSlot('syncing')];
    const opening = new Opening([first, second]);
    const opened = opening.open(FIXED);
    expect(first.told).to.deep.equal([listen(FIXED)]);
    expect(second.told).to.deep.equal([]);

    opening.opened(first, FIXED, 'reuse-port');
    expect(opening.listening).to.equal(1);
    expect(await outcome(opened)).to.equal('pending');
    second.state = 'ready';
    opening.next();
    expect(second.told).to.deep.equal([listen(FIXED)]);
    opening.opened(second, FIXED, 'reuse-port');
    expect(await opened).to.deep.equal(FIXED);
  });

  it('has one worker find the port for 0, and gives it to the others', async () => {
    const [first, second] = [new FakeSlot(), new FakeSlot()];
    const opening = new Opening([first, second]);
    const opened = opening.open(ANY);
    expect([first.told, second.told]).to.deep.equal([[listen(ANY)], []]);

    const found = { http: 40_000, https: undefined };
    opening.opened(first, found, 'reuse-port');
    expect(second.told).to.deep.equal([listen(found)]);
    opening.opened(second, found, 'reuse-port');
    expect(await opened).to.deep.equal(found);
  });

  it('has the next worker ask for 0 again where the handle is shared', () => {
    const [first, second] = [new FakeSlot(), new FakeSlot()];
    const opening = new Opening([first, second]);
    void opening.open(ANY);
    opening.opened(first, { http: 40_000, https: undefined }, 'shared-handle');
    expect(second.told).to.deep.equal([listen(ANY)]);
  });

  it('has another worker find the port when the first is lost', () => {
    const [first, second] = [new FakeSlot(), new FakeSlot()];
    const opening = new Opening([first, second]);
    void opening.open(ANY);
    first.state = 'starting';
    opening.lost();
    expect(second.told).to.deep.equal([listen(ANY)]);
  });

  it('does not wait for a worker that keeps dying, unless none listens', async () => {
    const [first, second] = [new FakeSlot(), new FakeSlot('starting')];
    const opening = new Opening([first, second]);
    const opened = opening.open(FIXED);
    second.failing = true;
    opening.lost();
    expect(await outcome(opened)).to.equal('pending');
    opening.opened(first, FIXED, 'reuse-port');
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
