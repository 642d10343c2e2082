import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const FIXTURE = fileURLToPath(new URL('./primary-link-fixture.ts', import.meta.url));

describe('PrimaryLink', () => {
  it('keeps no more than a few messages for a primary that does not read', async () => {
    // Its channel is a pipe of ours that nobody reads.
    const child = spawn(process.execPath, [FIXTURE], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      env: { ...process.env, NODE_CHANNEL_FD: '3' },
    });
    const said = JSON.parse(await text(child.stdout!)) as { sent: number; again: boolean; resync: boolean };
    // What the kernel takes, some hundred KB, and 64 more.
    expect(said.sent).to.be.within(64, 9_999);
    expect(said.again).to.equal(false);
    expect(said.resync).to.equal(true);
    child.stdio[3]?.destroy();
  });
});
