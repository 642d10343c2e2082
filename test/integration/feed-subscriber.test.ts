import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { connect, type NatsConnection } from 'nats';
import { Subscriber } from '../../lib/feed/subscriber.ts';
import type { SubscriberOptions } from '../../lib/feed/subscriber-options.ts';
import type { Registration } from '../../lib/routes/endpoint.ts';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterEach } from '../support/closing.ts';
import { NatsServer, type NatsServerOptions, showingOutputOf } from '../support/nats-server.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

const START = {
  id: '7-0c2b0a4e',
  hosts: ['10.0.16.14'],
  minimumRegisterIntervalInSeconds: 5,
  pruneThresholdInSeconds: 120,
} as const;
const START_TEXT =
  '{"id":"7-0c2b0a4e","hosts":["10.0.16.14"],"minimumRegisterIntervalInSeconds":5,"pruneThresholdInSeconds":120}';

describe('Subscriber', () => {
  const closing = closingAfterEach();
  let servers: NatsServer[] = [];
  showingOutputOf(() => servers);
  beforeEach(() => {
    servers = [];
  });

  async function natsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = await NatsServer.start(closing, options);
    servers.push(server);
    return server;
  }

  function subscriber(ports: readonly number[], options: Partial<SubscriberOptions> = {}) {
    const logger = recordingLogger();
    /** Everything that was heard, in order: `+host`, `-host`, or the name of the event. */
    const heard: string[] = [];
    const registrations: Registration[] = [];
    const subject = new Subscriber(
      {
        servers: ports.map((port) => ({ hostname: '127.0.0.1', port })),
        user: '',
        pass: '',
        pingIntervalMs: 20_000,
        startMessage: () => START,
        publishStartIntervalMs: 0,
        enableHttp2: true,
        staleThresholdMs: 120_000,
        logger,
        reconnectWaitMs: 50,
        firstConnectWaitMs: 50,
        ...options,
      },
      {
        onRegister: (registration) => {
          registrations.push(registration);
          heard.push(`+${registration.endpoint.host}`);
        },
        onUnregister: (registration) => heard.push(`-${registration.endpoint.host}`),
        onConnected: () => heard.push('connected'),
        onDisconnected: () => heard.push('disconnected'),
        onReconnected: () => heard.push('reconnected'),
      },
    );
    closing(() => subject.stop());
    subject.start();
    const logged = (message: string) => logger.lines.filter((line) => line.message === message);
    return { subject, heard, registrations, logger, logged };
  }

  async function emitter(server: NatsServer, options = {}): Promise<NatsConnection> {
    const connection = await connect({
      servers: `127.0.0.1:${server.port}`,
      reconnectTimeWait: 20,
      maxReconnectAttempts: -1,
      ...options,
    });
    closing(() => connection.close());
    return connection;
  }

  async function startsSeenBy(connection: NatsConnection): Promise<string[]> {
    const starts: string[] = [];
    connection.subscribe('router.start', { callback: (_error, message) => starts.push(message.string()) });
    await connection.flush();
    return starts;
  }

  it('announces the router and hears registrations in the order of arrival', async () => {
    const server = await natsServer();
    const backend = await emitter(server);
    const starts = await startsSeenBy(backend);
    const { subject, heard, registrations, logged } = subscriber([server.port]);
    await until(() => heard.includes('connected'), 'the connection');
    await until(() => starts.length > 0, 'router.start');
    expect(starts).to.deep.equal([START_TEXT]);
    const expected = ['connected'];
    for (let i = 0; i < 500; i += 1) {
      const gone = i % 3 === 2;
      backend.publish(
        gone ? 'router.unregister' : 'router.register',
        `{"host":"h${i}","port":80,"uris":["a.com"]}`,
      );
      expected.push(`${gone ? '-' : '+'}h${i}`);
    }
    await until(() => heard.length >= expected.length, 'all messages');
    expect(heard).to.deep.equal(expected);
    expect(registrations[0]).to.deep.include({ uris: ['a.com'] });
    expect(registrations[0]?.endpoint).to.include({ address: 'h0:80', staleThresholdMs: 120_000 });
    expect(subject.counters).to.include({ registers: 334, unregisters: 166, invalid: 0, greets: 0 });
    const addr = `127.0.0.1:${server.port}`;
    expect(logged('Successfully-connected-to-nats')).to.deep.equal([
      {
        level: 'info',
        message: 'Successfully-connected-to-nats',
        data: { host: addr, addr },
        component: 'nats',
      },
    ]);
    expect(logged('subscriber-starting')[0]).to.include({ level: 'info', component: 'subscriber' });
    expect(logged('subscriber-started')).to.have.length(1);
  });

  it('answers greets at once, and has no complaint about their empty body or its own start message', async () => {
    const server = await natsServer();
    const { subject, heard, logger } = subscriber([server.port]);
    await until(() => heard.includes('connected'), 'the connection');
    const backend = await emitter(server);
    const answer = await backend.request('router.greet');
    expect(answer.string()).to.equal(START_TEXT);
    backend.publish('router.greet');
    backend.publish('router.active_apps', new Uint8Array([0x78, 0x9c, 0x8b]));
    backend.publish('router.register.x', 'not for us');
    backend.publish('router.register', '{"host":"last"}');
    await until(() => heard.includes('+last'), 'the last message');
    expect(subject.counters).to.include({ greets: 2, invalid: 0 });
    expect(logger.lines.filter(({ level }) => level === 'error' || level === 'warn')).to.deep.equal([]);
  });

  it('hears every message, as each of several routers does', async () => {
    const server = await natsServer();
    const routers = [subscriber([server.port]), subscriber([server.port])];
    for (const { heard } of routers) await until(() => heard.includes('connected'), 'the connection');
    const backend = await emitter(server);
    const expected = ['connected'];
    for (let i = 0; i < 20; i += 1) {
      backend.publish('router.register', `{"host":"h${i}"}`);
      expected.push(`+h${i}`);
    }
    for (const { heard } of routers) {
      await until(() => heard.length === expected.length, 'all messages');
      expect(heard).to.deep.equal(expected);
    }
  });

  it('publishes the start message again on the configured interval', async () => {
    const server = await natsServer();
    const starts = await startsSeenBy(await emitter(server));
    subscriber([server.port], { publishStartIntervalMs: 25 });
    await until(() => starts.length >= 4, 'four start messages');
    expect(new Set(starts)).to.deep.equal(new Set([START_TEXT]));
  });

  it('waits for a server that is not there yet, and says so once', async () => {
    const server = await natsServer();
    await server.stop();
    const { heard, logged, logger } = subscriber([server.port], { firstConnectWaitMs: 10 });
    await until(() => logged('nats-connection-error').length > 0, 'the error');
    // Many rounds are made before it comes.
    await server.start();
    await until(() => heard.includes('connected'), 'the connection');
    expect(logged('nats-connection-error')).to.have.length(1);
    expect(logged('nats-connection-error')[0]).to.include({ level: 'error', component: 'nats' });
    expect(logged('nats-connection-error')[0]?.data.error).to.match(/ECONNREFUSED/);
    expect(logger.lines.at(-1)?.message).to.equal('subscriber-started');
    expect(heard).to.deep.equal(['connected']);
  });

  it('comes back after a crash of the server, with its subscriptions', async () => {
    const server = await natsServer();
    const { subject, heard, logged } = subscriber([server.port], { pingIntervalMs: 60 });
    await until(() => subject.connected, 'the connection');
    await server.stop('SIGKILL');
    await until(() => logged('nats-connection-still-disconnected').length >= 2, 'two reminders');
    expect(subject.connected).to.equal(false);
    await server.start();
    await until(() => heard.includes('reconnected'), 'the return');
    const backend = await emitter(server);
    backend.publish('router.register', '{"host":"back"}');
    expect((await backend.request('router.greet')).string()).to.equal(START_TEXT);
    await until(() => heard.includes('+back'), 'a registration after the return');
    expect(heard).to.deep.equal(['connected', 'disconnected', 'reconnected', '+back']);
    expect(subject.counters.reconnects).to.equal(1);
    const addr = `127.0.0.1:${server.port}`;
    for (const name of [
      'nats-connection-disconnected',
      'nats-connection-still-disconnected',
      'nats-connection-reconnected',
    ]) {
      expect(logged(name)[0], name).to.include({ level: 'info', component: 'nats' });
      expect(logged(name)[0]?.data, name).to.include({ host: addr, addr });
    }
    expect(logged('subscriber-started')).to.have.length(1);
  });

  it('announces the router after every return', async () => {
    const server = await natsServer();
    // Back sooner than the router, so that it sees what the router says.
    const starts = await startsSeenBy(await emitter(server, { reconnectTimeWait: 5 }));
    const { heard } = subscriber([server.port], { reconnectWaitMs: 300 });
    await until(() => heard.includes('connected') && starts.length === 1, 'the first start message');
    for (let returns = 1; returns <= 2; returns += 1) {
      await server.stop('SIGKILL');
      await server.start();
      await until(() => starts.length === 1 + returns, `the start message after loss ${returns}`);
      await until(
        () => heard.filter((event) => event === 'reconnected').length === returns,
        `return ${returns}`,
      );
    }
    expect(starts).to.deep.equal([START_TEXT, START_TEXT, START_TEXT]);
  });

  it('notices a server that hangs, and goes to another', async () => {
    const [hanging, healthy] = [await natsServer(), await natsServer()];
    await healthy.stop();
    const { heard, logged } = subscriber([hanging.port, healthy.port], {
      pingIntervalMs: 50,
      connectTimeoutMs: 200,
    });
    await until(() => heard.includes('connected'), 'the first connection');
    await healthy.start();
    hanging.suspend();
    await until(() => heard.includes('reconnected'), 'the connection to the other server');
    expect(logged('nats-connection-reconnected')[0]?.data.addr).to.equal(`127.0.0.1:${healthy.port}`);
    const backend = await emitter(healthy);
    backend.publish('router.register', '{"host":"x"}');
    await until(() => heard.includes('+x'), 'a registration');
  });

  it('finds the one live server among dead ones', async () => {
    const [dead, live] = [await natsServer(), await natsServer()];
    await dead.stop();
    const { heard, logged } = subscriber([dead.port, live.port, dead.port]);
    await until(() => heard.includes('connected'), 'the connection');
    expect(logged('Successfully-connected-to-nats')[0]?.data).to.include({ addr: `127.0.0.1:${live.port}` });
  });

  it('learns the other members of a cluster', async () => {
    const cluster = (routes = '') => `cluster { name: c, listen: "127.0.0.1:-1"${routes} }`;
    const first = await natsServer({ config: cluster() });
    const routesPort = await until(
      () => /Listening for route connections on 127\.0\.0\.1:(\d+)/.exec(first.output)?.[1],
      'the route port',
    );
    const second = await natsServer({ config: cluster(`, routes: ["nats://127.0.0.1:${routesPort}"]`) });
    await until(() => first.output.includes('Route connection created'), 'the cluster');
    const { heard, logged } = subscriber([first.port]);
    await until(() => heard.includes('connected'), 'the connection');
    await first.stop();
    await until(() => heard.includes('reconnected'), 'the connection to the other member');
    expect(logged('nats-connection-reconnected')[0]?.data.addr).to.equal(`127.0.0.1:${second.port}`);
  });

  it('resolves names', async () => {
    const server = await natsServer();
    const { heard, logged } = subscriber([], { servers: [{ hostname: 'localhost', port: server.port }] });
    await until(() => heard.includes('connected'), 'the connection');
    expect(logged('Successfully-connected-to-nats')[0]?.data).to.deep.equal({
      host: `localhost:${server.port}`,
      addr: `127.0.0.1:${server.port}`,
    });
  });

  it('gives user and password', async () => {
    const server = await natsServer({ args: ['--user', 'me', '--pass', 'p@ss %3A/'] });
    const { heard } = subscriber([server.port], { user: 'me', pass: 'p@ss %3A/' });
    await until(() => heard.includes('connected'), 'the connection');
  });

  it('goes on trying with credentials that are refused', async () => {
    const server = await natsServer({ args: ['-D', '--user', 'me', '--pass', 'right'] });
    const { subject, heard, logged } = subscriber([server.port], {
      user: 'me',
      pass: 'wrong',
      firstConnectWaitMs: 10,
    });
    await until(() => (server.output.match(/authentication error/g)?.length ?? 0) >= 3, 'three attempts');
    expect(heard).to.deep.equal([]);
    expect(subject.connected).to.equal(false);
    expect(logged('nats-connection-error').map(({ data }) => data.error)).to.deep.equal([
      "'Authorization Violation'",
    ]);
  });

  it('says why when it may not subscribe', async () => {
    const server = await natsServer({
      config:
        'authorization { users = [{user: u, password: p, permissions: {subscribe: ["router.greet"]}}] }',
    });
    const { heard, logged } = subscriber([server.port], { user: 'u', pass: 'p' });
    await until(() => logged('nats-connection-error').length > 0, 'the error');
    expect(logged('nats-connection-error')[0]?.data.error).to.match(/permissions violation.*router\.\*/i);
    expect(heard).to.deep.equal([]);
  });

  it('ignores bad messages alone, and logs a flood of them once per kind and second', async () => {
    const server = await natsServer();
    const { subject, heard, logged } = subscriber([server.port]);
    await until(() => heard.includes('connected'), 'the connection');
    const backend = await emitter(server);
    const from = performance.now();
    for (let i = 0; i < 3000; i += 1) {
      backend.publish('router.register', i % 2 === 0 ? 'no json' : '{"host":"bad","port":"80"}');
      if (i % 100 === 0) backend.publish('router.register', `{"host":"good${i}"}`);
    }
    backend.publish('router.unregister', '{"host":"bad","route_service_url":"http://x"}');
    backend.publish('router.register', '{"host":"last"}');
    await until(() => heard.includes('+last'), 'the last message');
    const seconds = Math.ceil((performance.now() - from) / 1000);
    expect(heard.filter((event) => event.startsWith('+good'))).to.have.length(30);
    expect(subject.counters).to.include({ invalid: 3001, registers: 31, unregisters: 0 });
    const lines = logged('validation-error');
    const about = (text: string) => lines.filter(({ data }) => data.payload === text);
    expect(about('no json')).to.have.length.within(1, seconds);
    expect(about('{"host":"bad","port":"80"}')).to.have.length.within(1, seconds);
    expect(lines.at(-1)).to.deep.equal({
      level: 'error',
      message: 'validation-error',
      component: 'subscriber',
      data: {
        error: 'Unable to validate message. route_service_url must be https',
        payload: '{"host":"bad","route_service_url":"http://x"}',
        subject: 'router.unregister',
      },
    });
  });

  describe('with TLS', () => {
    let ca: KeyPair;
    let stranger: KeyPair;
    let client: KeyPair;
    let directory: string;
    before(async () => {
      [ca, stranger] = await Promise.all([makeCa(), makeCa('stranger')]);
      client = await makeCert({ ca, cn: 'router', client: true });
      directory = await mkdtemp(join(tmpdir(), 'feed-tls-'));
      const pair = await makeCert({ ca, cn: 'nats', san: ['DNS:localhost', 'IP:127.0.0.1'] });
      const other = await makeCert({ ca, cn: 'nats', san: ['DNS:elsewhere.example.com'] });
      await Promise.all([
        writeFile(join(directory, 'ca.pem'), ca.cert),
        writeFile(join(directory, 'cert.pem'), pair.cert),
        writeFile(join(directory, 'key.pem'), pair.key),
        writeFile(join(directory, 'other-cert.pem'), other.cert),
        writeFile(join(directory, 'other-key.pem'), other.key),
      ]);
    });
    after(() => rm(directory, { recursive: true }));

    const tlsServer = (name = '') =>
      natsServer({
        args: [
          ...['--tlsverify', '--tlscacert', join(directory, 'ca.pem')],
          ...['--tlscert', join(directory, `${name}cert.pem`), '--tlskey', join(directory, `${name}key.pem`)],
        ],
      });

    for (const hostname of ['localhost', '127.0.0.1']) {
      it(`shows its certificate and checks that of the server, known as ${hostname}`, async () => {
        const server = await tlsServer();
        const { heard } = subscriber([], {
          servers: [{ hostname, port: server.port }],
          tls: { ca: ca.cert, ...client },
        });
        await until(() => heard.includes('connected'), 'the connection');
      });
    }

    const refused: {
      name: string;
      error: RegExp;
      tls: () => { ca: string } & KeyPair;
      server?: string;
      hostname?: string;
    }[] = [
      {
        name: 'a server of another CA',
        error: /certificate/i,
        tls: () => ({ ca: stranger.cert, ...client }),
      },
      {
        name: 'a server with a certificate for another name',
        error: /altnames|does not match/i,
        tls: () => ({ ca: ca.cert, ...client }),
        server: 'other-',
      },
      {
        name: 'a server with a certificate for another address',
        error: /altnames|does not match|not in the cert/i,
        tls: () => ({ ca: ca.cert, ...client }),
        server: 'other-',
        hostname: '127.0.0.1',
      },
    ];
    for (const { name, error, tls, server: which, hostname = 'localhost' } of refused) {
      it(`does not talk to ${name}`, async () => {
        const server = await tlsServer(which);
        const { heard, logged } = subscriber([], { servers: [{ hostname, port: server.port }], tls: tls() });
        await until(() => logged('nats-connection-error').length > 0, 'the error');
        expect(logged('nats-connection-error')[0]?.data.error).to.match(error);
        expect(heard).to.deep.equal([]);
      });
    }

    for (const [name, rules, accepted] of [
      ['a cipher of the platform', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }, true],
      ['another cipher', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-CHACHA20-POLY1305' }, false],
      ['TLS 1.3', { minVersion: 'TLSv1.3' }, true],
      ['TLS 1.1', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }, false],
    ] as const) {
      it(`${accepted ? 'talks' : 'does not talk'} to a server that has only ${name}`, async () => {
        const pair = await makeCert({ ca, cn: 'nats', san: ['DNS:localhost', 'IP:127.0.0.1'] });
        const outcomes: string[] = [];
        const server = createServer((socket) => {
          socket.on('error', () => {});
          socket.write(
            'INFO {"server_id":"x","version":"2.10.0","tls_required":true,"max_payload":1048576}\r\n',
          );
          const secure = new TLSSocket(socket, { ...pair, ...rules, isServer: true });
          secure.on('secure', () => outcomes.push('secure'));
          secure.on('error', (error) => outcomes.push(error.message));
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        closing(() => server.close());
        const { subject } = subscriber([port], { tls: { ca: ca.cert, ...client } });
        await until(() => outcomes.length > 0, 'the end of a handshake');
        expect(outcomes[0] === 'secure', outcomes[0]).to.equal(accepted);
        await subject.stop();
      });
    }

    it('does not talk without TLS to a server that has none', async () => {
      const server = await natsServer();
      const { heard, logged } = subscriber([server.port], { tls: { ca: ca.cert, ...client } });
      await until(() => logged('nats-connection-error').length > 0, 'the error');
      expect(heard).to.deep.equal([]);
    });
  });

  describe('at odd servers', () => {
    async function oddServer(onSocket: (socket: Socket) => void): Promise<number> {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
        onSocket(socket);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      closing(() => {
        server.close();
        for (const socket of sockets) socket.destroy();
      });
      return (server.address() as AddressInfo).port;
    }

    it('leaves no connection open at a server that stays silent', async () => {
      let accepted = 0;
      let open = 0;
      const port = await oddServer((socket) => {
        accepted += 1;
        open += 1;
        socket.resume();
        socket.on('close', () => {
          open -= 1;
        });
      });
      const { logged } = subscriber([port], { connectTimeoutMs: 20, firstConnectWaitMs: 1 });
      await until(() => accepted >= 10, 'ten attempts');
      expect(open).to.be.at.most(2);
      expect(logged('nats-connection-error')[0]?.data.error).to.match(/did not answer within 20 ms/);
    });

    it('goes on after a server that speaks something else', async () => {
      let accepted = 0;
      const port = await oddServer((socket) => {
        accepted += 1;
        socket.write('SSH-2.0-x\r\n');
      });
      const { logged } = subscriber([port], { firstConnectWaitMs: 1 });
      await until(() => accepted >= 5, 'five attempts');
      expect(logged('nats-connection-error').map(({ data }) => data.error)).to.deep.equal([
        `127.0.0.1:${port} is not a NATS server`,
      ]);
    });

    it('asks for all registrations again when the server dropped messages for it', async () => {
      const starts: string[] = [];
      const port = await oddServer((socket) => {
        socket.write(
          'INFO {"server_id":"x","version":"2.0.0","proto":1,"max_payload":1000,"host":"x","port":1} \r\n',
        );
        socket.on('data', (chunk) => {
          for (const line of chunk.toString().split('\r\n')) {
            if (line === 'PING') socket.write('PONG\r\n');
            if (line.startsWith('{')) {
              starts.push(line);
              if (starts.length === 1) socket.write("-ERR 'Slow Consumer'\r\n");
            }
          }
        });
      });
      const { subject } = subscriber([port]);
      await until(() => starts.length === 2, 'the second start message');
      expect(starts).to.deep.equal([START_TEXT, START_TEXT]);
      expect(subject.counters.slowConsumers).to.equal(1);
      expect(subject.connected).to.equal(true);
    });
  });

  it('stops at any moment of connecting', async () => {
    const server = await natsServer();
    for (let turns = 0; turns < 60; turns += 1) {
      const { subject, heard } = subscriber([server.port]);
      for (let i = 0; i < turns; i += 1) await new Promise(setImmediate);
      await subject.stop();
      const before = [...heard];
      await new Promise(setImmediate);
      expect(heard).to.deep.equal(before);
    }
  });

  it('stops while connecting, while connected, twice, and before start', async () => {
    const server = await natsServer();
    const { subject, heard } = subscriber([server.port]);
    await until(() => heard.includes('connected'), 'the connection');
    const backend = await emitter(server);
    await Promise.all([subject.stop(), subject.stop()]);
    backend.publish('router.register', '{"host":"late"}');
    await backend.flush();
    expect(subject.connected).to.equal(false);
    expect(heard).to.deep.equal(['connected']);
    await server.stop();
    const waiting = subscriber([server.port], { firstConnectWaitMs: 60_000 });
    await until(() => waiting.logged('nats-connection-error').length > 0, 'the first attempt');
    await waiting.subject.stop();
    const nowhere = subscriber([]);
    await nowhere.subject.stop();
    const early = subscriber([server.port]);
    await early.subject.stop();
    const never = new Subscriber(
      {
        servers: [],
        user: '',
        pass: '',
        pingIntervalMs: 1000,
        startMessage: () => START,
        publishStartIntervalMs: 0,
        enableHttp2: true,
        staleThresholdMs: 1,
        logger: recordingLogger(),
      },
      {
        onRegister: () => {},
        onUnregister: () => {},
        onConnected: () => {},
        onDisconnected: () => {},
        onReconnected: () => {},
      },
    );
    await never.stop();
    await never.stop();
  });
});
