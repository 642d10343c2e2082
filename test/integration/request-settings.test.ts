import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BusClient } from '../support/bus-client.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { runTurnout } from '../support/run-turnout.ts';
import { until } from '../support/until.ts';

const HOST = 'app.example.com';
const PAGE = '<p>{{.Status}}: {{.Message}} [{{.Header.Get "X-Cf-RouterError"}}]</p>\n';
const UNKNOWN = '<p>404: Requested route (&#39;no.example.com&#39;) does not exist. [unknown_route]</p>\n';

describe('what a configuration says of requests, from the file to the wire', () => {
  const closing = closingAfterEach();

  /** The path of a page in a folder of its own. */
  const page = async (text: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'turnout-page-'));
    closing(() => rm(folder, { recursive: true }));
    const file = join(folder, 'page.html');
    await writeFile(file, text);
    return file;
  };

  it('rewrites, traces, limits and shows its page, also by a worker that came later', async () => {
    const nats = await NatsServer.start(closing);
    const file = await page(PAGE);
    const router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}
html_error_template_file: ${file}
tracing: {enable_zipkin: true, enable_w3c: true, w3c_tenant_id: blue}
max_response_headers: 20
trace_key: 22
workers: {count: 1}
http_rewrite:
  responses:
    remove_headers: [{name: X-Powered-By}]
    add_headers_if_not_present: [{name: X-Frame-Options, value: DENY}]
`,
    );
    const bus = await BusClient.connect(closing, nats.port);
    const backend = await HttpBackend.start(closing, 'one');
    await bus.register({ uris: [HOST], port: backend.port });
    await router.knowsRoutes(1);

    const proxied = await get(router, HOST, '/', { 'x-vcap-trace': '22' });
    expect(proxied.body).to.include('one');
    expect(proxied.headers).to.include({
      'x-frame-options': 'DENY',
      'x-vcap-backend': `127.0.0.1:${backend.port}`,
    });
    const id = String(proxied.headers['x-vcap-request-id']);
    const trace = id.replaceAll('-', '');
    const line = await until(
      async () => (await readFile(router.accessLog, 'utf8')).split('\n').find((one) => one.includes(id)),
      'the line in the access log',
    );
    expect(line).to.match(
      new RegExp(`x_b3_traceid:"${trace}" .* tracestate:"blue@gorouter=${trace.slice(16)}"$`),
    );
    expect((await get(router, 'no.example.com')).body).to.equal(UNKNOWN);

    // The page was read once: what becomes of its file is of no matter.
    await rm(file);
    const [before] = await router.status('/workers');
    process.kill(before!.pid, 'SIGKILL');
    await until(async () => {
      const [now] = await router.status('/workers');
      return now !== undefined && now.pid !== before!.pid && now.state === 'listening';
    }, 'another worker');
    const answer = await get(router, 'no.example.com');
    expect(answer.body).to.equal(UNKNOWN);
    expect(answer.headers).to.include({
      'x-frame-options': 'DENY',
      'content-type': 'text/html; charset=utf-8',
    });
  });

  it('refuses to start with a page that it does not understand, and says where and what is possible', async () => {
    const file = await page('<p>\n{{range .Header}}x{{end}}');
    const config = await page(`html_error_template_file: ${file}\n`);

    const { exitStatus, stdout } = await runTurnout(['start', '-c', config]);

    expect(exitStatus).to.equal(1);
    const line = JSON.parse(stdout) as { message: string; data: { error: string } };
    expect(line.message).to.equal('Error loading config:');
    expect(line.data.error).to.match(/^new-html-error-template-from-file: /);
    expect(line.data.error).to.include(`${file}:2: {{range}} is not understood; possible are .Status, `);
  });
});
