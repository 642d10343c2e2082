import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { expect } from 'chai';
import { BusClient } from '../support/bus-client.ts';
import { makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { answerOf, ask, type Http2Answer } from '../support/http2/ask.ts';
import { NatsServer } from '../support/nats-server.ts';
import { descendants, isAlive } from '../support/process-tree.ts';
import { RouterProcess } from '../support/router-process.ts';
import { SlowBackend } from '../support/slow-backend.ts';
import { until } from '../support/until.ts';

const HOST = 'app.example.com';

/** A request whose answer is half out, and another whose body is half in. */
interface Running {
  readonly session: ClientHttp2Session;
  /** Whether the client was told to go elsewhere. */
  readonly warned: () => boolean;
  readonly download: Promise<Http2Answer>;
  readonly upload: ClientHttp2Stream;
  readonly uploaded: Promise<Http2Answer>;
}

describe('HTTP/2 streams whose worker ends', () => {
  const closing = closingAfterEach();
  let front: { cert: string; key: string };
  let router: RouterProcess;
  let backend: SlowBackend;

  before(async () => {
    front = await makeCert({ ca: await makeCa(), cn: 'front', san: [`DNS:${HOST}`] });
  });

  const start = async (config: string): Promise<void> => {
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}
enable_ssl: true
ssl_port: 0
cipher_suites: ECDHE-RSA-AES128-GCM-SHA256
client_cert_validation: none
tls_pem: ${JSON.stringify([{ cert_chain: front.cert, private_key: front.key }])}
${config}`,
    );
    const bus = await BusClient.connect(closing, nats.port);
    backend = await SlowBackend.start(closing);
    await bus.register({ uris: [HOST], port: backend.port });
    await router.knowsRoutes(1);
  };

  const session = async (): Promise<ClientHttp2Session> => {
    const opened = connect(`https://127.0.0.1:${router.tlsPort}`, {
      rejectUnauthorized: false,
      servername: HOST,
    });
    closing(() => opened.destroy());
    opened.on('error', () => {}); // `close` follows
    await once(opened, 'remoteSettings');
    return opened;
  };

  const connectionsByWorker = async (): Promise<Map<number, number>> => {
    const workers = (await router.status('/workers')) as unknown as { pid: number; connections: number }[];
    return new Map(workers.map(({ pid, connections }) => [pid, connections]));
  };

  /** Sessions to both workers, at least one each: the kernel chooses. With the number of those that each worker has. */
  const sessionsToBoth = async (): Promise<[ClientHttp2Session[], Map<number, number>]> => {
    const sessions: ClientHttp2Session[] = [];
    for (;;) {
      sessions.push(...(await Promise.all([session(), session()])));
      const counts = await until(async () => {
        const now = await connectionsByWorker();
        return [...now.values()].reduce((sum, count) => sum + count, 0) === sessions.length ? now : undefined;
      }, 'the figures of both workers');
      if ([...counts.values()].every((count) => count > 0)) return [sessions, counts];
    }
  };

  const at = (path: string) =>
    until(() => backend.waiting.find(({ req }) => req.url === path), `the request for ${path}`);

  const begin = async (running: ClientHttp2Session, name: string): Promise<Running> => {
    let warned = false;
    running.on('goaway', () => {
      warned = true;
    });
    const fields = { ':authority': HOST, ':method': 'POST', ':path': `/up-${name}` };
    const upload = running.request(fields, { endStream: false });
    const uploaded = answerOf(upload);
    upload.write('half ');
    const download = running.request({ ':authority': HOST, ':path': `/down-${name}` });
    const downloaded = answerOf(download);
    const half = once(download, 'data');
    (await at(`/down-${name}`)).res.write('half ');
    await half;
    await once((await at(`/up-${name}`)).req, 'readable');
    return { session: running, warned: () => warned, download: downloaded, upload, uploaded };
  };

  /** Both go to their end; what came of them. */
  const finish = async (name: string, { download, upload, uploaded }: Running): Promise<string[]> => {
    (await at(`/down-${name}`)).res.end('and half');
    upload.end('and half');
    const { req, res } = await at(`/up-${name}`);
    let body = '';
    for await (const chunk of req) body += String(chunk);
    res.end(`got ${body}`);
    const answers = await Promise.all([download, uploaded]);
    return answers.map((answer) => `${answer.status} ${answer.rstCode} ${String(answer.body)}`);
  };

  const FINISHED = ['200 0 half and half', '200 0 got half and half'];

  const serves = async (path: string): Promise<void> => {
    const asked = ask(await session(), { ':authority': HOST, ':path': path });
    (await at(path)).res.end('served');
    expect(String((await asked).body)).to.equal('served');
  };

  it('are lost with a worker that is killed, and with no other; its successor takes new ones', async () => {
    await start('workers: {count: 2}');
    const [sessions, counts] = await sessionsToBoth();
    const running = await Promise.all(sessions.map((each, i) => begin(each, String(i))));
    const [victim, lost] = [...counts][0]!;

    process.kill(victim, 'SIGKILL');
    await router.said('worker-died', ({ data }) => data.pid === victim);
    await until(() => sessions.filter((each) => each.closed).length === lost, 'the end of its sessions');
    for (const [i, each] of running.entries()) {
      if (each.session.closed) {
        // Cut, never ended as if that were all: the length of a stream is known by its end alone.
        const cut = await Promise.all([each.download, each.uploaded]);
        expect(cut.map(({ body }) => String(body))).to.deep.equal(['half ', '']);
        for (const answer of cut) expect(answer.rstCode, 'the end of a stream that was cut').to.not.equal(0);
      } else {
        expect(await finish(String(i), each)).to.deep.equal(FINISHED);
        expect(each.warned()).to.equal(false);
      }
    }

    await router.said('worker-listening', ({ data }) => data.worker === 3);
    for (let i = 0; ; i += 1) {
      await serves(`/new-${i}`);
      const workers = await router.status('/workers');
      if (workers.some(({ id, requests }) => id === 3 && requests > 0)) break;
    }
    expect(await router.stop()).to.equal(0);
  });

  it('finish in a worker that is drained, whose clients are told to go to its successors', async () => {
    await start('workers: {count: 2, orphan_grace: 600s}');
    const [sessions] = await sessionsToBoth();
    const running = await Promise.all(sessions.map((each, i) => begin(each, String(i))));
    await until(async () => {
      const { store } = (await router.status('/varz')) as { store: { last_saved_ms_ago: number } };
      return store.last_saved_ms_ago >= 0;
    }, 'the snapshot');
    const orphans = descendants(router.pid);
    router.signal('SIGKILL');
    expect(await router.ended()).to.equal('SIGKILL');
    router.keepsStatusPorts = true;
    await router.start();

    for (const pid of orphans) process.kill(pid, 'SIGTERM');
    await until(() => running.every(({ warned }) => warned()), 'every client being warned');
    // Whoever comes now is served by the others, while these go on.
    await serves('/elsewhere');
    expect(orphans.every(isAlive)).to.equal(true);
    for (const [i, each] of running.entries()) {
      expect(await finish(String(i), each)).to.deep.equal(FINISHED);
    }
    await until(() => sessions.every((each) => each.closed), 'the end of the sessions');
    await until(() => !orphans.some(isAlive), 'the end of the workers');
    expect(await router.stop()).to.equal(0);

    const text = await readFile(router.accessLog, 'utf8');
    const logged = text.match(/"(GET|POST) \/(up|down)-\d+ HTTP\/2\.0" 200/gu) ?? [];
    expect(new Set(logged).size).to.equal(2 * running.length);
    expect(logged).to.have.lengthOf(2 * running.length);
  });
});
