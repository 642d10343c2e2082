import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** `node` is the one that runs this test. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };

interface Failure {
  readonly code: unknown;
  readonly stderr: string;
}

/** How a program failed; one that did not is a failure of the test. */
async function failure(running: Promise<unknown>): Promise<Failure> {
  return running.then(
    () => ({ code: 0, stderr: '' }),
    (error: Failure) => error,
  );
}

/** Every `node` of the PATH that is too old, which may be none. */
async function olderNodes(): Promise<string[]> {
  const older: string[] = [];
  for (const folder of new Set(`${process.env.PATH}${delimiter}/usr/bin`.split(delimiter))) {
    const node = join(folder, 'node');
    const { stdout } = await run(node, ['-p', 'process.versions.node']).catch(() => ({ stdout: '24' }));
    if (Number.parseInt(stdout, 10) < 24) older.push(node);
  }
  return older;
}

describe('the published package', function () {
  this.timeout(90_000);
  let dir: string;
  let files: string[];
  let bin: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'turnout-package-'));
    // Builds dist first, by the package's own `prepack`.
    const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', dir], {
      cwd: ROOT,
      env,
    });
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    files = packed.files.map(({ path }) => path);

    // What `npm install --global` makes of it, but for the dependencies, which are the checkout's.
    const home = join(dir, 'lib', 'node_modules', 'turnout');
    await mkdir(home, { recursive: true });
    await run('tar', ['-xzf', join(dir, packed.filename), '-C', home, '--strip-components', '1']);
    await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'));
    await mkdir(join(dir, 'bin'));
    bin = join(dir, 'bin', 'turnout');
    await symlink(join(home, 'dist', 'lib', 'cli.js'), bin);
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('holds what a user needs and nothing else', () => {
    const beside = files.filter((path) => !path.startsWith('dist/'));
    expect(beside).to.have.members([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'config.example.yml',
      'package.json',
    ]);
    const built = files.filter((path) => path.startsWith('dist/'));
    expect(built).to.include.members(['dist/lib/cli.js', 'dist/lib/cli.d.ts', 'dist/workers/http.js']);
    expect(built.filter((path) => !/^dist\/(lib|workers)\/.+\.(js|d\.ts|js\.map)$/.test(path))).to.deep.equal(
      [],
    );
  });

  it('has a bin that knows its version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const { stdout } = await run(bin, ['--version'], { env });
    expect(stdout.trim()).to.equal(version);
  });

  it('has a bin that tells an older Node what it needs, whatever else that lacks', async () => {
    const says = /^turnout needs Node 24 or newer, and this is v\d+\.\d+\.\d+\n$/u;
    for (const node of await olderNodes()) {
      const { code, stderr } = await failure(run(node, [bin, '--version']));
      expect(stderr, node).to.match(says);
      expect(code, node).to.equal(1);
    }
    // For machines without one: this Node under another's name, and nothing at all to import.
    const alone = join(dir, 'cli.mjs');
    await copyFile(bin, alone);
    const pretend = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.0.0' })`;
    const { code, stderr } = await failure(run(process.execPath, ['--import', pretend, alone]));
    expect(stderr).to.match(says);
    expect(code).to.equal(1);
  });

  it('has a bin that starts workers and keeps a snapshot', async () => {
    const config = join(dir, 'config.yml');
    const snapshot = join(dir, 'snapshot.db');
    await writeFile(
      config,
      `port: 0
workers: {count: 2}
nats: {embedded: {port: 0}}
snapshot: {store: embedded, path: ${JSON.stringify(snapshot)}}
status: {port: 0, routes: {port: 0}}
start_response_delay_interval: 0s
`,
    );
    const router = spawn(bin, ['-c', config], { env, cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(router, 'exit');
    const troubles: string[] = [];
    try {
      for await (const line of createInterface(router.stdout)) {
        const { message, log_level } = JSON.parse(line) as { message: string; log_level: number };
        if (log_level >= 2) troubles.push(line);
        if (message === 'gorouter.started') router.kill('SIGTERM');
      }
    } finally {
      router.kill('SIGKILL'); // nothing to kill unless reading failed
    }
    expect(troubles).to.deep.equal([]);
    expect(await exit).to.deep.equal([0, null]);
    expect((await readFile(snapshot)).subarray(0, 15).toString()).to.equal('SQLite format 3');
  });
});
