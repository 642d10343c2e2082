import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

describe('the debug server', () => {
  const closing = closingAfterEach();

  async function start(config = ''): Promise<{ router: RouterProcess; url: string }> {
    const router = await RouterProcess.start(
      closing,
      `nats: {embedded: {port: 0}}\ndebug_addr: 127.0.0.1:0\n${config}`,
    );
    const { host, port } = (await router.said('debug-server-listening')).data;
    return { router, url: `http://${host}:${port}` };
  }

  async function text(url: string, init: RequestInit = {}): Promise<string> {
    const response = await fetch(url, init);
    return `${response.status} ${await response.text()}`;
  }

  const folders = async (): Promise<number> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith('turnout-diagnosis-')).length;

  it('is not there unless it is asked for', async () => {
    const router = await RouterProcess.start(closing, 'nats: {embedded: {port: 0}}');
    expect(router.last('debug-server-listening')).to.equal(undefined);
  });

  it('profiles the primary and each worker', async () => {
    const { router, url } = await start();
    const before = await folders();
    for (const process of ['primary', '0', '1']) {
      const response = await fetch(`${url}/debug/pprof/profile?seconds=1&process=${process}`);
      expect(response.status).to.equal(200);
      expect(response.headers.get('content-disposition')).to.equal(
        `attachment; filename="${process}.cpuprofile"`,
      );
      const profile = (await response.json()) as { nodes: unknown[]; samples: unknown[] };
      expect(profile.nodes).to.not.have.lengthOf(0);
      expect(profile.samples).to.not.have.lengthOf(0);
    }
    const heap = await fetch(`${url}/debug/pprof/heap?seconds=0&process=1`);
    expect(await heap.json()).to.have.property('head');
    const snapshot = await fetch(`${url}/debug/pprof/heapsnapshot?process=0`);
    expect(await snapshot.json()).to.have.nested.property('snapshot.meta');
    await until(async () => (await folders()) <= before, 'nothing left behind');
    // The worker is none the worse.
    expect((await get(router, 'any.test')).status).to.equal(404);
  });

  it('takes one profile of a process at a time, and of no worker that there is not', async () => {
    const { url } = await start();
    const first = fetch(`${url}/debug/pprof/profile?seconds=2&process=0`);
    const second = fetch(`${url}/debug/pprof/profile?seconds=2&process=0`);
    const statuses = (await Promise.all([first, second])).map(({ status }) => status);
    expect(statuses.toSorted()).to.deep.equal([200, 500]);
    expect(await text(`${url}/debug/pprof/profile?seconds=1&process=7`)).to.equal(
      '500 Could not enable profiling: there is no worker 7\n',
    );
    for (const query of ['seconds=-1', 'seconds=301', 'seconds=x', 'process=x', 'process=../1']) {
      expect(await text(`${url}/debug/pprof/profile?${query}`), query).to.match(/^400 /);
    }
  });

  it('does not wait for a worker that ended', async () => {
    const { router, url } = await start();
    // Sent before any other is made, so that none of them comes first.
    const asking = request(`${url}/debug/pprof/profile?seconds=300&process=1`);
    const profile = once(asking, 'response') as Promise<[IncomingMessage]>;
    asking.end();
    await once(asking, 'finish');
    await until(
      async () =>
        (await text(`${url}/debug/pprof/profile?seconds=0&process=1`)) ===
        '500 Could not enable profiling: profiling already in use\n',
      'the profile under way',
    );
    const pages = (await text(`${url}/debug/pprof/`)).split('\n');
    const pid = Number(/^1 {2}pid (\d+)$/.exec(pages.find((line) => line.startsWith('1 ')) ?? '')?.[1]);
    process.kill(pid, 'SIGKILL');
    const [answer] = await profile;
    expect(answer.statusCode).to.equal(500);
    expect(String((await once(answer, 'data'))[0])).to.equal('Could not enable profiling: worker 1 ended\n');
    expect(await router.health()).to.equal(200);
  });

  it('lists what it has, and shows memory and command line', async () => {
    const { router, url } = await start();
    expect(await text(`${url}/debug/pprof/`)).to.match(/^200 \/debug\/pprof\/profile/);
    expect(await text(`${url}/debug/pprof/heap?debug=1`)).to.include(`primary pid ${router.pid} rss `);
    expect(await text(`${url}/debug/pprof/cmdline`)).to.include('-c');
    for (const path of ['/', '/debug', '/debug/pprof/goroutine', '/block-profile-rate']) {
      expect(await text(`${url}${path}`), path).to.equal('404 404 page not found\n');
    }
  });

  it('has nothing for web pages', async () => {
    const { url } = await start();
    expect(await text(`${url}/debug/pprof/`, { headers: { origin: 'http://evil.test' } })).to.match(/^403 /);
    const body = 'debug';
    expect(await text(`${url}/log-level`, { method: 'POST', body, headers: { origin: 'null' } })).to.match(
      /^403 /,
    );
  });

  it('changes the log level of all processes, of a worker that starts later, too', async () => {
    const { router, url } = await start('logging: {level: info}');
    const set = (body: string): Promise<string> => text(`${url}/log-level`, { method: 'PUT', body });
    /** Whether a request that a worker warns of leaves a line. */
    const isHeard = async (): Promise<boolean> => {
      router.lines.length = 0;
      for (let i = 0; i < 6; i += 1) await get(router, 'any.test', '/;x');
      // What a worker wrote before it answered may be read after the answer.
      await router.status('/varz');
      return router.last('deprecated-semicolon-params') !== undefined;
    };
    await until(isHeard, 'a warning');
    expect(await set('Error\n')).to.equal('200 /log-level was invoked with Level: Error\n');
    await until(async () => !(await isHeard()), 'silence');

    const pids = (await router.status('/workers')).map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(async () => {
      const workers = await router.status('/workers');
      return (
        workers.length === 2 &&
        workers.every(({ pid, state }) => state === 'listening' && !pids.includes(pid))
      );
    }, 'new workers');
    expect(await isHeard()).to.equal(false);

    expect(await set('debug')).to.match(/^200 /);
    expect((await router.said('log-level-set')).data).to.deep.equal({ level: 'debug' });
    await until(isHeard, 'a warning of the new workers');
    for (const bad of ['', 'loud', 'x'.repeat(10_000)])
      expect(await set(bad)).to.match(/^400 Invalid log level/);
    expect(await text(`${url}/log-level`)).to.match(/^405 /);
  });

  it('keeps nobody from starting when it cannot listen', async () => {
    const taken = await HttpBackend.start(closing, 'x');
    for (const [address, error] of [
      [`127.0.0.1:${taken.port}`, `listen tcp 127.0.0.1:${taken.port}: bind: address already in use`],
      ['nonsense', 'listen tcp: address nonsense: host:port is expected, such as 127.0.0.1:17002'],
    ]) {
      const router = await RouterProcess.start(
        closing,
        `nats: {embedded: {port: 0}}\ndebug_addr: "${address}"`,
      );
      expect(router.last('failed-to-start-debug-server')?.data).to.deep.equal({ error });
    }
  });
});
