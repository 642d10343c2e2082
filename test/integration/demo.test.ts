import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { descendants, isAlive } from '../support/process-tree.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY = 'Ctrl-C ends it all';

/** `make run` without make, in a process group of its own, as a terminal would start it. */
class Demo {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(runDir: string) {
    const args = ['scripts/demo.ts', '--run-dir', runDir, '--free-ports', '--workers', '2'];
    this.#child = spawn(process.execPath, args, {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exit = once(this.#child, 'exit');
    this.#child.stdout?.setEncoding('utf8').on('data', (data: string) => {
      this.stdout += data;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (data: string) => {
      this.stderr += data;
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async ready(): Promise<void> {
    await until(() => this.stdout.includes(READY) || this.ended, 'the demo being ready', 30_000);
    if (this.ended) throw new Error(`the demo ended:\n${this.stdout}${this.stderr}`);
  }

  /** The router's port, as the demo prints it. */
  get httpPort(): number {
    return Number(/'Host: hello\.localhost' http:\/\/127\.0\.0\.1:(\d+)\//.exec(this.stdout)?.[1]);
  }

  /** A line to copy that begins like this. */
  line(start: string): string {
    return (
      this.stdout
        .split('\n')
        .find((line) => line.trim().startsWith(start))
        ?.trim() ?? ''
    );
  }

  /** Like the terminal: to the whole group. Resolves with the exit code and what is left of its processes. */
  async interrupt(): Promise<{ code: unknown; left: number[] }> {
    const all = descendants(this.pid);
    process.kill(-this.pid, 'SIGINT');
    return this.#goneWith(all);
  }

  async terminate(): Promise<{ code: unknown; left: number[] }> {
    const all = descendants(this.pid);
    process.kill(this.pid, 'SIGTERM');
    return this.#goneWith(all);
  }

  /** For a test that failed half-way. */
  async destroy(): Promise<void> {
    if (this.ended) return;
    const all = descendants(this.pid);
    process.kill(this.pid, 'SIGTERM');
    const overdue = setTimeout(() => {
      for (const pid of [this.pid, ...all]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }, 8_000);
    await this.#exit;
    clearTimeout(overdue);
  }

  async #goneWith(all: number[]): Promise<{ code: unknown; left: number[] }> {
    // Router, two workers, three backends: the demo has started what it should, or nothing would be proven.
    expect(all).to.have.lengthOf(6);
    const [code] = await this.#exit;
    return { code, left: all.filter(isAlive) };
  }
}

async function get(port: number, host: string, path: string): Promise<{ status: number; body: string }> {
  const asked = request({ port, path, agent: false, headers: { Host: host } });
  asked.end();
  const [response] = await once(asked, 'response');
  return { status: response.statusCode, body: await text(response) };
}

describe('make run', function () {
  this.timeout(90_000);
  let runDir: string;
  let demo: Demo | undefined;

  before(async () => {
    runDir = await mkdtemp(join(tmpdir(), 'turnout-demo-'));
  });
  after(async () => {
    await demo?.destroy();
    await rm(runDir, { recursive: true, force: true });
  });

  it('serves what it says, and a Ctrl-C ends all of it', async () => {
    demo = new Demo(runDir);
    await demo.ready();
    expect(demo.stdout).to.match(/Restored 0 routes/);
    expect(demo.stdout).to.match(/registered: 3 routes, 4 endpoints/);

    const port = demo.httpPort;
    const answers = [await get(port, 'hello.localhost', '/'), await get(port, 'hello.localhost', '/')];
    while (new Set(answers.map(nameIn)).size < 2 && answers.length < 100) {
      answers.push(await get(port, 'hello.localhost', '/'));
    }
    expect(new Set(answers.map(nameIn))).to.deep.equal(new Set(['hello-0', 'hello-1']));
    expect(nameIn(await get(port, 'hello.localhost', '/api/pets'))).to.equal('tools');
    expect((await get(port, 'nobody.localhost', '/')).status).to.equal(404);

    const wsLine = demo.line('node_modules/.bin/node');
    const { stdout } = await promisify(execFile)('sh', ['-c', wsLine], { cwd: ROOT });
    expect(stdout)
      .to.match(/^< connected to tools/m)
      .and.match(/^< anyone there\?$/m);

    expect(await demo.interrupt()).to.deep.equal({ code: 0, left: [] });
    expect(demo.stderr).to.equal('');
  });

  it('answers through restored routes before any backend has registered, in its second run', async () => {
    demo = new Demo(runDir);
    await demo.ready();
    const restored = demo.stdout.indexOf('Restored 3 routes (4 endpoints)');
    const registered = demo.stdout.indexOf('The backends have registered');
    expect(restored, demo.stdout).to.be.above(-1);
    const between = demo.stdout.slice(restored, registered);
    for (const route of ['hello.localhost', 'hello.localhost/api', 'echo.localhost']) {
      expect(between).to.match(new RegExp(`^ +${route.replaceAll('.', '\\.')} +200 +(hello|tools)-?`, 'm'));
    }
    expect(await demo.terminate()).to.deep.equal({ code: 0, left: [] });
    expect(demo.stderr).to.equal('');
  });

  it('does not start beside a run that has not ended', async () => {
    demo = new Demo(runDir);
    await demo.ready();
    const second = spawn(process.execPath, ['scripts/demo.ts', '--run-dir', runDir], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = text(second.stderr);
    const [code] = await once(second, 'exit');
    expect(code).to.equal(1);
    expect(await said).to.match(new RegExp(`in use by an earlier run: end process ${demo.pid}`));
    expect(await demo.terminate()).to.deep.equal({ code: 0, left: [] });
  });
});

function nameIn({ body }: { body: string }): string {
  return body.split(' ')[0] ?? '';
}
