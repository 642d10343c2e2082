import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';
import { deadPort, describeLane, type LaneStage, recordOf, route } from '../support/lane-fixture.ts';
import { answering, ok, type Script } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
/** As many pings as come: how many come at once depends on how the bytes are cut on their way. */
const PATIENT = { maxPendingAutoPongs: 0 } as object;

/** All that was said over one WebSocket behind its handshake, as bytes, in each direction. */
interface Said {
  readonly toServer: Buffer;
  readonly toClient: Buffer;
  readonly messages: readonly string[];
  readonly closed: readonly [code: number, reason: string];
}

interface Conversation {
  readonly name: string;
  readonly options?: ClientOptions;
  /** What the client does; the server echoes messages. Resolves when it has all that it waits for. */
  readonly act: (client: WebSocket, got: readonly Buffer[], server: () => WebSocket) => Promise<void>;
}

const CONVERSATIONS: readonly Conversation[] = [
  {
    name: 'text, binary and empty messages of all kinds of length',
    act: async (client, got) => {
      const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000];
      for (const size of sizes) {
        client.send('t'.repeat(size));
        client.send(Buffer.alloc(size, 'b'));
      }
      await until(() => got.length === 2 * sizes.length, 'the echoes');
    },
  },
  {
    name: 'messages in fragments',
    act: async (client, got) => {
      for (let i = 0; i < 50; i += 1) client.send(`part ${i}`, { fin: i === 49 });
      client.send('', { fin: false });
      client.send('', { fin: true });
      await until(() => got.length === 2, 'the echoes');
    },
  },
  {
    name: 'thousands of messages of one byte',
    act: async (client, got) => {
      for (let i = 0; i < 5_000; i += 1) client.send(String(i % 10));
      await until(() => got.length === 5_000, 'the echoes');
    },
  },
  {
    name: 'messages of 16 MB in one frame',
    act: async (client, got) => {
      const message = Buffer.alloc(16 * MIB);
      for (let i = 0; i < message.length; i += 4) message.writeUInt32LE((i * 2_654_435_761) >>> 0, i);
      client.send(message);
      await until(() => got.length === 1, 'the echo', 60_000);
      expect(got[0]!.equals(message)).to.equal(true);
    },
  },
  {
    name: 'a storm of pings from both sides',
    act: async (client, _got, server) => {
      let pongs = 0;
      client.on('pong', () => {
        pongs += 1;
      });
      for (let i = 0; i < 3_000; i += 1) client.ping(`p${i}`);
      await until(() => pongs === 3_000, 'the answers to the client');
      let answered = 0;
      server().on('pong', () => {
        answered += 1;
      });
      for (let i = 0; i < 3_000; i += 1) server().ping(`q${i}`);
      await until(() => answered === 3_000, 'the answers to the server');
    },
  },
  {
    name: 'permessage-deflate',
    options: { perMessageDeflate: { threshold: 0 } },
    act: async (client, got) => {
      expect(client.extensions).to.equal('permessage-deflate');
      for (let i = 0; i < 20; i += 1) {
        client.send(`compress me ${'again '.repeat(i * 100)}`);
        await until(() => got.length === i + 1, 'an echo');
      }
    },
  },
  {
    name: 'an end by the server without a word',
    act: async (client, got, server) => {
      client.send('one');
      await until(() => got.length === 1, 'the echo');
      server().terminate();
    },
  },
  {
    name: 'a close by the server with a code',
    act: async (_client, _got, server) => server().close(4_321, 'enough'),
  },
];

/** Has a conversation with an echoing server, directly or through what `through` says leads to it. */
async function converse(
  stage: LaneStage,
  { options = {}, act }: Conversation,
  through: (port: number) => Promise<number>,
): Promise<Said> {
  const http = createServer();
  const sockets = new WebSocketServer({
    server: http,
    ...PATIENT,
    perMessageDeflate: options.perMessageDeflate ? { threshold: 0 } : false,
    maxPayload: 32 * MIB,
  });
  const toServer: Buffer[] = [];
  let server: WebSocket | undefined;
  sockets.on('connection', (socket, request) => {
    server = socket;
    request.socket.prependListener('data', (bytes: Buffer) => toServer.push(bytes));
    socket.on('error', () => {});
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  stage.closing(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
  });
  const port = await through((http.address() as AddressInfo).port);
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { Host: 'app.test' },
    perMessageDeflate: false,
    // The same in each run, so that its bytes can be compared.
    generateMask: (mask) => mask.fill(0x5a),
    ...PATIENT,
    ...options,
  });
  stage.closing(() => client.terminate());
  const toClient: Buffer[] = [];
  const got: Buffer[] = [];
  client.on('error', () => {});
  client.on('upgrade', ({ socket }) =>
    socket.prependListener('data', (bytes: Buffer) => toClient.push(bytes)),
  );
  client.on('message', (data) => got.push(data as Buffer));
  const closed = once(client, 'close') as Promise<[number, Buffer]>;
  await once(client, 'open');
  await until(() => server, 'the server');

  await act(client, got, () => server!);
  if (client.readyState === WebSocket.OPEN && server!.readyState === WebSocket.OPEN)
    client.close(4_000, 'bye');
  const [code, reason] = await closed;
  await until(() => server!.readyState === WebSocket.CLOSED, 'the end at the server');
  return {
    toServer: Buffer.concat(toServer),
    toClient: Buffer.concat(toClient),
    messages: got.map(String),
    closed: [code, reason.toString()],
  };
}

describeLane('WebSockets', (stage) => {
  for (const conversation of CONVERSATIONS) {
    it(`carry ${conversation.name} as a direct connection does, byte for byte`, async function () {
      this.timeout(120_000);
      const lane = await stage.start();
      const direct = await converse(stage, conversation, async (port) => port);
      const routed = await converse(stage, conversation, async (port) => {
        route(lane, 'app.test', [{ port }]);
        return lane.port;
      });

      expect(routed.toServer.equals(direct.toServer), 'bytes at the server').to.equal(true);
      expect(routed.toClient.equals(direct.toClient), 'bytes at the client').to.equal(true);
      expect(routed.messages).to.deep.equal(direct.messages);
      expect(routed.closed).to.deep.equal(direct.closed);
      expect(await recordOf(lane)).to.include({ status: 101, upgraded: true });
      await until(() => lane.figures().openTunnels === 0 && lane.figures().openConnections === 0, 'the end');
    });
  }

  const UPGRADE =
    'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  const SWITCH =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
  const reply =
    (bytes: string, then: (socket: Socket) => void = () => {}): Script =>
    async ({ reader, write, socket }) => {
      await reader.until('\r\n\r\n');
      write(bytes);
      then(socket);
    };
  const openSockets = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

  /** Ways for an upgrade to come to nothing. The client leaves in the end, if it is not thrown out before. */
  const FAILURES: readonly {
    readonly name: string;
    readonly script?: Script;
    /** Before the request is sent. */
    readonly before?: (client: Socket) => void;
    /** When the request is at the endpoint. */
    readonly leave?: (client: Socket) => void;
  }[] = [
    { name: 'nobody listens' },
    {
      name: 'the endpoint refuses',
      script: answering('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'),
    },
    {
      name: 'the endpoint refuses and closes',
      script: reply(ok('no', 'Connection: close'), (socket) => socket.end()),
    },
    { name: 'the endpoint closes without a word', script: reply('', (socket) => socket.end()) },
    { name: 'the endpoint resets', script: reply('', (socket) => socket.resetAndDestroy()) },
    {
      name: 'the endpoint closes in the middle of its head',
      script: reply(SWITCH.slice(0, 40), (socket) => socket.end()),
    },
    {
      name: 'the endpoint resets in the middle of its head',
      script: reply(SWITCH.slice(0, 40), (socket) => socket.resetAndDestroy()),
    },
    { name: 'the endpoint sends nonsense', script: reply('nonsense\r\n\r\n') },
    {
      name: 'the endpoint switches to another protocol',
      script: reply(SWITCH.replace('Upgrade: websocket', 'Upgrade: other')),
    },
    {
      name: 'the endpoint switches without a protocol',
      script: reply('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    },
    {
      name: 'the endpoint says too much ahead of its answer',
      script: reply('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50)),
    },
    { name: 'the endpoint is too slow', script: () => {} },
    { name: 'the client closes before the answer', script: () => {}, leave: (client) => client.end() },
    {
      name: 'the client resets before the answer',
      script: () => {},
      leave: (client) => client.resetAndDestroy(),
    },
    {
      name: 'the client resets the tunnel',
      script: reply(SWITCH),
      before: (client) => client.once('data', () => client.resetAndDestroy()),
    },
    {
      name: 'the endpoint resets the tunnel',
      script: reply(SWITCH, (socket) => setImmediate(() => socket.resetAndDestroy())),
    },
    {
      name: 'the client resets the tunnel with much on its way to it',
      script: reply(SWITCH, (socket) => socket.write(Buffer.alloc(4 * MIB))),
      before: (client) => client.once('data', () => client.resetAndDestroy()),
    },
  ];
  for (const { name, script, before, leave } of FAILURES) {
    it(`leave no socket behind when ${name}`, async () => {
      const lane = await stage.start({ endpoints: { endpointTimeoutMs: 100 }, settings: { maxAttempts: 2 } });
      const backend = script === undefined ? undefined : await stage.backend(script);
      const port = backend?.port ?? (await deadPort());
      // `tcp`, which endpoint_timeout covers, where that is what ends it.
      const request = name.includes('slow') ? UPGRADE.replace('websocket', 'tcp') : UPGRADE;
      route(lane, 'app.test', [{ port }]);
      const sockets = openSockets();

      for (let round = 0; round < 5; round += 1) {
        const client = await stage.client(lane);
        client.socket.on('error', () => {});
        before?.(client.socket);
        await client.send(request);
        if (leave !== undefined) {
          await until(() => backend!.connections[round]?.reader.text.includes('\r\n\r\n'), 'the request');
          leave(client.socket);
        }
        await recordOf(lane, round);
        client.close();
      }

      await until(
        () => lane.figures().openConnections === 0 && lane.figures().activeRequests === 0,
        'the end',
      );
      expect(lane.figures()).to.include({ openTunnels: 0, idleEndpointConnections: 0 });
      await until(() => openSockets() <= sockets, 'all sockets to be closed');
      expect(lane.lines.map(({ message }) => message)).not.to.include('panic-check');
    });
  }
});
