import { expect } from 'chai';
import { describeLane, type RunningLane, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok } from '../support/scripted-backend.ts';

const APP = '11111111-2222-3333-4444-555555555555';
const PROCESS = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const OTHER = 'ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee';

const get = (host: string, ...lines: string[]): string =>
  ['GET / HTTP/1.1', `Host: ${host}`, ...lines, '', ''].join('\r\n');

describeLane('instances asked for by header', (stage) => {
  /** Three instances of one app; the first two are of one process. */
  async function start(): Promise<{ lane: RunningLane; received: () => string }> {
    const lane = await stage.start();
    const backends = await Promise.all(
      ['zero', 'one', 'two'].map((name) => stage.backend(answering(ok(name)))),
    );
    route(
      lane,
      'app.test',
      backends.map(({ port }, index) => ({
        port,
        appId: APP,
        instanceIndex: String(index),
        tags: { process_id: index < 2 ? PROCESS : OTHER },
      })),
    );
    route(lane, 'empty.test', []);
    return { lane, received: () => backends.map((backend) => backend.received).join('') };
  }

  async function served(lane: RunningLane, ...lines: string[]): Promise<string[]> {
    const client = await stage.client(lane);
    const names = new Set<string>();
    for (let i = 0; i < 6; i += 1) names.add((await client.ask(get('app.test', ...lines))).body.toString());
    return [...names].sort();
  }

  it('X-CF-App-Instance: only that instance serves, and does not see the field', async () => {
    const { lane, received } = await start();
    expect(await served(lane, `x-cf-app-instance: ${APP}:1`)).to.deep.equal(['one']);
    expect(received().toLowerCase()).not.to.include('x-cf-app-instance');
  });

  it('X-CF-Process-Instance: the instances of the process serve, and see the field', async () => {
    const { lane, received } = await start();
    expect(await served(lane, `X-CF-Process-Instance: ${PROCESS}`)).not.to.include('two');
    expect(await served(lane, `X-CF-Process-Instance: ${OTHER}`)).to.deep.equal(['two']);
    expect(await served(lane, `X-CF-Process-Instance: ${PROCESS}:0`)).to.deep.equal(['zero']);
    expect(await served(lane, `X-CF-Process-Instance: ${PROCESS}:1`)).to.deep.equal(['one']);
    expect(received()).to.include(`\r\nX-CF-Process-Instance: ${PROCESS}:0\r\n`);
  });

  it('X-CF-App-Instance counts when both came, even if the other one is invalid', async () => {
    const { lane } = await start();
    const both = [`X-CF-Process-Instance: nonsense`, `X-CF-App-Instance: ${APP}:2`];
    expect(await served(lane, ...both)).to.deep.equal(['two']);
  });

  it('wins over a sticky cookie, and binds the client anew', async () => {
    const { lane } = await start();
    const endpoint = (index: number) => lane.table.get('app.test')!.endpoints[index]!.instanceId;
    const client = await stage.client(lane);

    const answer = await client.ask(
      get('app.test', `X-CF-App-Instance: ${APP}:2`, `Cookie: JSESSIONID=s; __VCAP_ID__=${endpoint(0)}`),
    );

    expect(answer.body.toString()).to.equal('two');
    expect(answer.header('set-cookie')).to.match(new RegExp(`^__VCAP_ID__=${endpoint(2)}; `));
  });

  it('empty fields ask for nothing', async () => {
    const { lane } = await start();
    expect(await served(lane, 'X-CF-App-Instance:', 'X-CF-Process-Instance: ')).to.have.length(3);
  });

  const REFUSED: readonly (readonly [field: string, error: string, message: string, host?: string])[] = [
    ...[
      'nonsense',
      APP,
      `${APP}:`,
      `${APP}:-1`,
      `${APP}:1 `.repeat(2),
      `${APP.toUpperCase().replace('1', 'A')}:1`,
      `${APP}:1x`,
    ].map(
      (value) =>
        [
          `X-CF-App-Instance: ${value}`,
          'invalid_cf_app_instance_header',
          'Invalid X-CF-App-Instance Header',
        ] as const,
    ),
    ...['nonsense', `${PROCESS}:`, `${PROCESS}:x`].map(
      (value) =>
        [
          `X-CF-Process-Instance: ${value}`,
          'invalid_cf_process_instance_header',
          'Invalid X-CF-Process-Instance Header',
        ] as const,
    ),
    ...['app.test', 'App.test:80', 'no.test', 'empty.test'].flatMap((host) => [
      [
        `X-CF-App-Instance: ${APP}:7`,
        'unknown_route',
        `Requested instance ('7') with guid ('${APP}') does not exist for route ('${host}')`,
        host,
      ] as const,
      [
        `X-CF-Process-Instance: ${PROCESS}:7`,
        'unknown_route',
        `Requested instance ('7') with process guid ('${PROCESS}') does not exist for route ('${host}')`,
        host,
      ] as const,
    ]),
    [
      `X-CF-Process-Instance: ${APP}`,
      'unknown_route',
      `Requested instance with process guid ('${APP}') does not exist for route ('app.test')`,
    ],
  ];
  for (const [field, error, message, host = 'app.test'] of REFUSED) {
    it(`${field} on ${host} is refused: ${error}`, async () => {
      const { lane } = await start();
      const client = await stage.client(lane);

      const answer = await client.ask(get(host, field));

      const body = `400 Bad Request: ${message}\n`;
      expect(answer.head.replace(/\r\nDate: [^\r]+/, '')).to.equal(
        'HTTP/1.1 400 Bad Request\r\nCache-Control: no-cache, no-store\r\nContent-Type: text/plain; charset=utf-8\r\n' +
          `X-Cf-Routererror: ${error}\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      expect(answer.body.toString()).to.equal(body);
      const { requestId, routerError } = await recordOf(lane);
      expect(routerError).to.equal(error);
      const lines = lane.lines.filter(({ level }) => level !== 'debug');
      const named = {
        invalid_cf_app_instance_header: ['invalid-app-instance-header'],
        invalid_cf_process_instance_header: ['invalid-process-instance-header'],
      }[error];
      expect(lines.map((line) => line.message)).to.deep.equal([...(named ?? []), 'status']);
      expect(lines.at(-1)?.data).to.deep.equal({ body: body.trimEnd(), vcap_request_id: requestId });
    });
  }
});
