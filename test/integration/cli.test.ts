import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { load } from '../support/config-text.ts';
import { type Finished, runTurnout, SCRIPT } from '../support/run-turnout.ts';
import { until } from '../support/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Where sh, readlink and the like are, and no node that is new enough. */
const SYSTEM_PATH = '/usr/bin:/bin';

describe('turnout', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'turnout cli '));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const place = (text: string): string => {
    const path = join(directory, 'config.yml');
    writeFileSync(path, text);
    return path;
  };
  const expectUsage = ({ exitStatus, stdout, stderr }: Finished): void => {
    expect(stderr).to.match(/^error: .+\n\nUsage: turnout/u);
    expect(stdout).to.equal('');
    expect(exitStatus).to.equal(2);
  };

  describe('check', () => {
    it('says ok and exits 0 when nothing is wrong', async () => {
      const path = place('port: 80\n');
      expect(await runTurnout(['check', '-c', path])).to.deep.equal({
        exitStatus: 0,
        stdout: `${path}: ok\n`,
        stderr: '',
      });
    });

    it('prints every problem with key, line, what was found and what is allowed, and exits 1', async () => {
      const path = place(
        'port: "80"\nendpoint_timeout: 5\nprot: 1\nmax_request_header_bytes: 2000000\ndisable_http: true\n',
      );
      const { exitStatus, stdout } = await runTurnout(['check', '-c', path]);
      const lines = stdout.trimEnd().split('\n');
      expect(lines).to.have.lengthOf(6);
      expect(lines[0]).to.equal(
        `${path}:1: error: port: found the quoted text "80"; allowed: a whole number, unquoted, from 0 to 65535`,
      );
      expect(lines[1]).to.match(/:2: error: endpoint_timeout: found the number 5; allowed: a duration/u);
      expect(lines[2]).to.match(/:3: error: prot: found an unknown key; .*did you mean port\?/u);
      expect(lines[3]).to.match(/:4: warning: max_request_header_bytes: found the number 2000000; /u);
      expect(lines[4]).to.match(/:5: error: disable_http: .*neither http nor https listener is enabled/u);
      expect(lines[5]).to.equal(`${path}: 4 errors, 1 warning`);
      expect(exitStatus).to.equal(1);
    });

    it('prints warnings and exits 0', async () => {
      const { exitStatus, stdout } = await runTurnout([
        'check',
        '-c',
        place('max_request_header_bytes: 2000000\n'),
      ]);
      expect(stdout).to.match(/:1: warning: max_request_header_bytes: .+\n.*: ok, 1 warning\n$/u);
      expect(exitStatus).to.equal(0);
    });

    it('notes what is in order and has no effect', async () => {
      const path = place('port: 81\npid_file: /run/gorouter.pid\n');
      expect(await runTurnout(['check', '-c', path])).to.deep.equal({
        exitStatus: 0,
        stdout:
          `${path}:2: note: pid_file: found the text "/run/gorouter.pid"; allowed: a text, without effect ` +
          `(whoever supervises the process knows its pid)\n${path}: ok, 1 note\n`,
        stderr: '',
      });
    });

    it('takes the file where gorouter takes it, and before the name of the command', async () => {
      const path = place('prot: 1\n');
      for (const args of [
        [`-c=${path}`],
        ['--c', path],
        [`--c=${path}`],
        ['--config', path],
        [`-c${path}`],
      ]) {
        expect((await runTurnout(['check', ...args])).stdout, args.join(' ')).to.include(
          `${path}:1: error: prot`,
        );
      }
      expect((await runTurnout(['-c', path, 'check'])).exitStatus).to.equal(1);
    });

    it('has a line and no stack for a file that cannot be read', async () => {
      for (const path of [join(directory, 'none.yml'), directory]) {
        const { exitStatus, stdout, stderr } = await runTurnout(['check', '-c', path]);
        expect(stdout).to.match(/^.*: error: .*\n.*: 1 error\n$/u);
        expect(stderr).to.equal('');
        expect(exitStatus).to.equal(1);
      }
    });

    it('does not need anything of the router', async () => {
      const { exitStatus, stdout } = await runTurnout(['check']);
      expect(stdout).to.equal('built-in defaults: ok\n');
      expect(exitStatus).to.equal(0);
    });

    it('accepts config.example.yml', async () => {
      const { stdout } = await runTurnout(['check', '-c', 'config.example.yml'], { cwd: ROOT });
      expect(stdout).to.equal('config.example.yml: ok\n');
    });
  });

  describe('check --print-effective', () => {
    it('prints nothing on stdout but the configuration, secrets masked', async () => {
      const path = place('nats: {pass: hunter2, user: n}\nmax_request_header_bytes: 2000000\nport: 81\n');
      const { exitStatus, stdout, stderr } = await runTurnout([
        ...['check', '--print-effective', '-c', path],
        ...['--port', '82', '--worker-count', '3'],
      ]);
      expect(exitStatus).to.equal(0);
      expect(stderr).to.match(/^.*:2: warning: max_request_header_bytes: .*\n$/u);
      expect(stdout).to.not.include('hunter2');
      const { config } = load(stdout);
      expect(config.port).to.equal(82);
      expect(config.workers.count).to.equal(3);
      expect(config.nats).to.include({ user: 'n', pass: '<masked>' });
    });

    it('prints the configuration that a start would use in spite of an unknown key, and exits 1', async () => {
      const { exitStatus, stdout, stderr } = await runTurnout([
        'check',
        '--print-effective',
        '-c',
        place('prot: 1'),
      ]);
      expect(stdout).to.match(/^port: 8081$/mu);
      expect(stderr).to.include('error: prot');
      expect(exitStatus).to.equal(1);
    });

    it('prints none when there is none', async () => {
      const { exitStatus, stdout, stderr } = await runTurnout([
        'check',
        '--print-effective',
        '-c',
        place('port: x'),
      ]);
      expect(stdout).to.equal('');
      expect(stderr).to.include('error: port');
      expect(exitStatus).to.equal(1);
    });

    it('is quiet when its reader has seen enough', async () => {
      const child = spawn(SCRIPT, ['check', '--print-effective'], { stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.destroy();
      const [[exitStatus], stderr] = await Promise.all([once(child, 'close'), child.stderr.toArray()]);
      expect(stderr.join('')).to.equal('');
      expect(exitStatus).to.equal(0);
    });
  });

  describe('with a bad command line', () => {
    const table = [
      ...['banana', '0', '-1', '1.5', '', '1e1', '99999', ' 2'].map((count) => ['--worker-count', count]),
      ...['banana', '-1', '65536', '80.5', ''].map((port) => ['start', '--port', port]),
      ['--bogus'],
      ['frobnicate'],
      ['check', 'extra'],
      ['check', '--worker-count'],
      ['start', '-c'],
      ['start', '--print-effective'],
    ];
    for (const args of table) {
      it(`shows the usage and exits 2: ${JSON.stringify(args)}`, async () =>
        expectUsage(await runTurnout(args)));
    }
  });

  describe('start', () => {
    it('exits 1 with one line of gorouter’s shape per problem when the configuration is wrong', async () => {
      const path = place('port: "80"\nbalancing_algorithm: random\nprot: 1\n');
      for (const args of [
        ['-c', path],
        ['start', '-c', path],
      ]) {
        const before = Date.now() / 1000;
        const { exitStatus, stdout, stderr } = await runTurnout(args);
        const lines = stdout
          .trimEnd()
          .split('\n')
          .map((line): unknown => JSON.parse(line)) as { timestamp: number; data: { error: string } }[];
        expect(exitStatus).to.equal(1);
        expect(stderr).to.equal('');
        expect(lines.map(({ timestamp, ...line }) => line)).to.deep.equal([
          {
            log_level: 3,
            message: 'Error loading config:',
            data: {
              error:
                'yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `80` into uint16 (port: allowed is a whole number, unquoted, from 0 to 65535)',
            },
          },
          {
            log_level: 3,
            message: 'Error loading config:',
            data: {
              error:
                'Invalid global load balancing algorithm random. Allowed values are [round-robin least-connection]',
            },
          },
          {
            log_level: 2,
            message: 'Warning loading config:',
            data: { error: 'unknown key prot is ignored: did you mean port?' },
          },
        ]);
        expect(Object.keys(lines[0] ?? {})).to.deep.equal(['log_level', 'timestamp', 'message', 'data']);
        for (const { timestamp } of lines) expect(timestamp).to.be.within(before - 1, Date.now() / 1000);
      }
    });

    it('exits 1 when the file is missing', async () => {
      const { exitStatus, stdout } = await runTurnout(['-c=/nonexistent/c.yml']);
      expect(stdout).to.include('"error":"open /nonexistent/c.yml: no such file or directory"');
      expect(exitStatus).to.equal(1);
    });
  });

  it('prints its version', async () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await runTurnout(['--version'])).to.include({ exitStatus: 0, stdout: `${manifest.version}\n` });
  });

  it('has help for itself and for its commands', async () => {
    const all = await runTurnout(['--help']);
    expect(all).to.include({ exitStatus: 0, stderr: '' });
    for (const word of [
      'check',
      'start',
      '--worker-count',
      '--port',
      '-c, --config',
      'Examples',
      'Exit status',
    ]) {
      expect(all.stdout).to.include(word);
    }
    expect((await runTurnout(['check', '--help'])).stdout).to.include('--print-effective');
  });

  describe('scripts/turnout', () => {
    it('runs from anywhere, through links, with a node that is too old or none in PATH', async () => {
      mkdirSync(join(directory, 'bin'));
      symlinkSync(SCRIPT, join(directory, 'one'));
      symlinkSync('../one', join(directory, 'bin', 'two'));
      const old = join(directory, 'node');
      writeFileSync(old, '#!/bin/sh\nexit 0\n');
      chmodSync(old, 0o755);
      for (const path of [SYSTEM_PATH, `${directory}:${SYSTEM_PATH}`]) {
        const script = join(directory, 'bin', 'two');
        const run = await runTurnout(['check'], { script, cwd: '/', path });
        expect(run).to.deep.equal({ exitStatus: 0, stdout: 'built-in defaults: ok\n', stderr: '' });
      }
    });

    it('passes every argument on as it is', async () => {
      const path = join(directory, 'a "b" $HOME *.yml');
      writeFileSync(path, 'port: 80\n');
      expect((await runTurnout(['check', '-c', path])).stdout).to.equal(`${path}: ok\n`);
    });

    it('becomes the router: its pid and its signals are the router’s', async () => {
      // A pipe without a writer keeps it waiting for its configuration for as long as we like.
      const pipe = join(directory, 'pipe.yml');
      execFileSync('mkfifo', [pipe]);
      const child = spawn(SCRIPT, ['check', '-c', pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
      const output = child.stdout.toArray();
      const command = async (): Promise<string> => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
      await until(async () => (await command()).includes('lib/cli.ts'), 'the script to become node');
      child.kill('SIGTERM');
      const [, signal] = (await once(child, 'close')) as [number | null, string | null];
      expect(signal).to.equal('SIGTERM');
      expect(Buffer.concat(await output).toString()).to.equal('');
    });

    it('says what to do when dependencies are not installed', async () => {
      const script = join(directory, 'scripts', 'turnout');
      mkdirSync(join(directory, 'scripts'));
      writeFileSync(script, readFileSync(SCRIPT));
      chmodSync(script, 0o755);
      const { exitStatus, stdout, stderr } = await runTurnout(['--version'], { script });
      expect(stderr).to.equal(`turnout: dependencies are not installed: run 'npm ci' in ${directory}\n`);
      expect(stdout).to.equal('');
      expect(exitStatus).to.equal(1);
    });
  });
});
