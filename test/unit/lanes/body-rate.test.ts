import { expect } from 'chai';
import { BodyRateGuard, type Uploader } from '../../../lib/lanes/body-rate.ts';

/** A client whose socket has read what the test says. */
class Upload implements Uploader {
  socket = { bytesRead: 0 };
  awaitsBody = true;
  pace: Uploader['pace'];
  ended = 0;

  bodyTooSlow(): void {
    this.ended += 1;
    this.awaitsBody = false;
  }
}

describe('BodyRateGuard', () => {
  // 100 bytes a second, over 10 s: 1,000 bytes in each window.
  const looks: readonly {
    name: string;
    given: readonly [seconds: number, bytes: number, awaits?: false][];
    ended: number;
  }[] = [
    {
      name: 'ends a body that does not come at all',
      given: [
        [0, 0],
        [5, 0],
        [10, 0],
      ],
      ended: 1,
    },
    {
      name: 'ends one that comes too slowly',
      given: [
        [0, 0],
        [5, 500],
        [10, 999],
      ],
      ended: 1,
    },
    {
      name: 'spares one at exactly the rate',
      given: [
        [0, 0],
        [5, 0],
        [10, 1_000],
      ],
      ended: 0,
    },
    {
      name: 'does not look before a window is over',
      given: [
        [0, 0],
        [9.9, 0],
      ],
      ended: 0,
    },
    {
      name: 'measures the time that has passed, not the window',
      given: [
        [0, 0],
        [20, 1_999],
      ],
      ended: 1,
    },
    {
      name: 'measures each window by itself',
      given: [
        [0, 0],
        [10, 90_000],
        [20, 90_999],
      ],
      ended: 1,
    },
    {
      name: 'counts from when bytes are awaited',
      given: [
        [0, 0, false],
        [10, 0],
        [19, 0],
      ],
      ended: 0,
    },
    {
      name: 'forgets what was before a time when they were not',
      given: [
        [0, 0],
        [9, 0, false],
        [10, 0],
        [19, 0],
      ],
      ended: 0,
    },
    {
      name: 'ends it once',
      given: [
        [0, 0],
        [10, 0],
        [20, 0],
        [30, 0],
      ],
      ended: 1,
    },
  ];
  for (const { name, given, ended } of looks) {
    it(name, () => {
      const upload = new Upload();
      const guard = new BodyRateGuard({ bytesPerSecond: 100, windowMs: 10_000 }, () => [upload]);
      guard.stop();
      for (const [seconds, bytes, awaits] of given) {
        upload.socket.bytesRead = bytes;
        if (upload.ended === 0) upload.awaitsBody = awaits ?? true;
        guard.look(seconds * 1_000);
      }
      expect(upload.ended).to.equal(ended);
    });
  }
});
