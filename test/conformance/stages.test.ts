import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { head } from '../support/exact-bytes.ts';
import { describeLane, type LaneStage, type RunningLane, recordOf, route } from '../support/lane-fixture.ts';
import type { RawClient } from '../support/raw-client.ts';
import { answering, type BackendConnection, ok, type ScriptedBackend } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

/*
 * Connections that end at each stage of an exchange, in an orderly way or not, on either side. Whatever the stage, nothing
 * is left behind: no connection, no count, no blame that is not deserved.
 */

const HOST = 'Host: app.test';
const GET = head('GET / HTTP/1.1', HOST);
const UPLOAD = head('POST / HTTP/1.1', HOST, 'Content-Length: 10');
const CHUNKED = head('POST / HTTP/1.1', HOST, 'Transfer-Encoding: chunked');
const WAYS = ['end', 'destroy', 'resetAndDestroy'] as const;

interface Meeting {
  readonly lane: RunningLane;
  readonly client: RawClient;
  readonly backend: ScriptedBackend;
  readonly endpoint: () => Promise<BackendConnection>;
}

/** Nothing is under way, and a new client is served. */
async function settled(
  stage: LaneStage,
  { lane, backend }: Pick<Meeting, 'lane' | 'backend'>,
): Promise<void> {
  await until(() => lane.figures().openConnections === 0 && lane.figures().activeRequests === 0, 'the end');
  expect(lane.figures().openTunnels).to.equal(0);
  expect(lane.counters.connectionsClosed).to.equal(lane.counters.connectionsOpened);
  const { endpoints } = lane.table.get('app.test')!;
  for (const endpoint of endpoints) expect(lane.states.inFlight(endpoint)).to.equal(0);
  await until(
    () =>
      backend.connections.filter(({ reader }) => !reader.closed).length ===
      lane.figures().idleEndpointConnections,
    'connections to the endpoint that nobody uses to be closed',
  );
  backend.script = answering(ok('well'));
  const client = await stage.client(lane);
  expect((await client.ask(GET)).body.toString()).to.be.oneOf(['well', 'ok']);
}

const GONE = { status: 499 };

const CLIENT_STAGES: readonly {
  readonly name: string;
  /** Brings the exchange to its stage. */
  readonly reach: (meeting: Meeting) => Promise<void>;
  /** Of the records, in order. */
  readonly records: readonly { readonly status: number; readonly responseBytes?: number }[];
}[] = [
  { name: 'before its first byte', reach: async () => {}, records: [] },
  {
    name: 'idle behind an answer',
    reach: async ({ client }) => void (await client.ask(GET)),
    records: [{ status: 200, responseBytes: 2 }],
  },
  { name: 'in the middle of a head', reach: ({ client }) => client.send(GET.slice(0, -5)), records: [] },
  {
    name: 'in the middle of a second head',
    reach: async ({ client, endpoint }) => {
      await client.send(GET + GET.slice(0, 7));
      await (await endpoint()).reader.until('\r\n\r\n');
    },
    records: [GONE],
  },
  {
    name: 'behind a head, ahead of its body',
    reach: async ({ client, endpoint }) => {
      await client.send(UPLOAD);
      await (await endpoint()).reader.until('\r\n\r\n');
    },
    records: [GONE],
  },
  {
    name: 'in the middle of a body',
    reach: async ({ client, endpoint }) => {
      await client.send(`${UPLOAD}12345`);
      await (await endpoint()).reader.until('12345');
    },
    records: [GONE],
  },
  {
    name: 'in the middle of a chunk',
    reach: async ({ client, endpoint }) => {
      await client.send(`${CHUNKED}a\r\n12345`);
      await (await endpoint()).reader.until('12345');
    },
    records: [GONE],
  },
  {
    name: 'ahead of the last chunk',
    reach: async ({ client, endpoint }) => {
      await client.send(`${CHUNKED}5\r\n12345\r\n`);
      await (await endpoint()).reader.until('12345');
    },
    records: [GONE],
  },
  {
    name: 'while it waits for 100',
    reach: async ({ client, endpoint }) => {
      await client.send(head('POST / HTTP/1.1', HOST, 'Expect: 100-continue', 'Content-Length: 10'));
      await (await endpoint()).reader.until('\r\n\r\n');
    },
    records: [GONE],
  },
  {
    name: 'while it waits for the answer',
    reach: async ({ client, endpoint }) => {
      await client.send(head('GET /silent HTTP/1.1', HOST));
      await (await endpoint()).reader.until('\r\n\r\n');
    },
    records: [GONE],
  },
  {
    name: 'behind an interim answer',
    reach: async ({ client, endpoint }) => {
      await client.send(head('GET /silent HTTP/1.1', HOST));
      (await endpoint()).write(head('HTTP/1.1 103 Early Hints'));
      await client.reader.until('103 Early Hints');
    },
    records: [GONE],
  },
  {
    name: 'in the middle of an answer',
    reach: async ({ client, endpoint }) => {
      await client.send(head('GET /silent HTTP/1.1', HOST));
      (await endpoint()).write(`${head('HTTP/1.1 200 OK', 'Content-Length: 10')}12345`);
      await client.reader.until('12345');
    },
    records: [{ status: 200, responseBytes: 5 }],
  },
  {
    name: 'in the middle of an answer in chunks, its own body still to come',
    reach: async ({ client, endpoint }) => {
      await client.send(`${CHUNKED}5\r\n12345\r\n`);
      (await endpoint()).write(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}5\r\n67890\r\n`);
      await client.reader.until('67890');
    },
    records: [{ status: 200, responseBytes: 5 }],
  },
];

const ENDPOINT_STAGES: readonly {
  readonly name: string;
  readonly request: string;
  /** What the endpoint waits for and does before it ends. */
  readonly act: (connection: BackendConnection, client: RawClient) => Promise<unknown>;
  /** What the client has got in the end; undefined = its connection is cut. */
  readonly status: 502 | undefined;
}[] = [
  {
    name: 'as soon as it is connected',
    request: `${UPLOAD}12345`,
    act: async () => {},
    status: 502,
  },
  {
    name: 'behind the head of a request',
    request: UPLOAD,
    act: ({ reader }) => reader.until('\r\n\r\n'),
    status: 502,
  },
  {
    name: 'in the middle of a request',
    request: `${UPLOAD}12345`,
    act: ({ reader }) => reader.until('12345'),
    status: 502,
  },
  {
    name: 'behind a whole request',
    request: `${UPLOAD}1234567890`,
    act: ({ request }) => request(),
    status: 502,
  },
  {
    name: 'in the middle of the status line',
    request: GET,
    act: async ({ request, write }) => {
      await request();
      write('HTTP/1.1 20');
    },
    status: 502,
  },
  {
    name: 'in the middle of the head',
    request: GET,
    act: async ({ request, write }) => {
      await request();
      write('HTTP/1.1 200 OK\r\nContent-Le');
    },
    status: 502,
  },
  {
    name: 'behind an interim answer',
    request: GET,
    act: async ({ request, write }, client) => {
      await request();
      write(head('HTTP/1.1 103 Early Hints'));
      await until(() => client.reader.text.includes('103 Early'), 'the interim answer');
    },
    status: 502,
  },
  {
    name: 'behind the head of an answer',
    request: GET,
    act: async ({ request, write }, client) => {
      await request();
      write(head('HTTP/1.1 200 OK', 'Content-Length: 5'));
      await client.reader.until('\r\n\r\n');
    },
    status: undefined,
  },
  {
    name: 'in the middle of an answer, the request still under way',
    request: `${UPLOAD}12345`,
    act: async ({ reader, write }, client) => {
      await reader.until('12345');
      write(`${head('HTTP/1.1 200 OK', 'Content-Length: 10')}12345`);
      await client.reader.until('12345');
    },
    status: undefined,
  },
  {
    name: 'in the middle of a chunk',
    request: GET,
    act: async ({ request, write }, client) => {
      await request();
      write(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}a\r\n12345`);
      await client.reader.until('12345');
    },
    status: undefined,
  },
  {
    name: 'in the middle of the trailers',
    request: GET,
    act: async ({ request, write }, client) => {
      await request();
      write(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}5\r\n12345\r\n0\r\nX-Su`);
      await client.reader.until('12345');
    },
    status: undefined,
  },
];

describeLane('connections that end', (stage) => {
  for (const { name, reach, records } of CLIENT_STAGES) {
    for (const way of WAYS) {
      it(`on the client's side ${name}, by ${way}, leave nothing behind and blame nobody`, async () => {
        const lane = await stage.start();
        const backend = await stage.backend(async (connection) => {
          // Reads nothing by itself where the test does.
          if (connected === undefined) {
            connected = connection;
            if (name.startsWith('idle')) await answering(ok())(connection, 0);
          }
        });
        let connected: BackendConnection | undefined;
        route(lane, 'app.test', [backend]);
        const client = await stage.client(lane);
        const endpoint = (): Promise<BackendConnection> => until(() => connected, 'the endpoint');
        await until(() => lane.figures().openConnections === 1, 'the connection');

        await reach({ lane, client, backend, endpoint });
        client.socket[way]();

        await settled(stage, { lane, backend });
        await recordOf(lane, records.length); // that of the client which came afterwards
        expect(lane.records).to.have.length(records.length + 1);
        for (const [index, record] of records.entries()) expect(lane.records[index]).to.include(record);
        expect(lane.reports).to.deep.equal([]);
        expect(lane.lines.map(({ message }) => message)).not.to.include('backend-response-incomplete');
        expect(lane.counters.badRequests).to.equal(0);
      });
    }
  }

  for (const { name, request, act, status } of ENDPOINT_STAGES) {
    for (const way of WAYS) {
      it(`on the endpoint's side ${name}, by ${way}: ${status ?? 'the answer is cut'}`, async () => {
        const lane = await stage.start({ settings: { maxAttempts: 1 } });
        const client = await stage.client(lane);
        const backend = await stage.backend(async (connection) => {
          await act(connection, client);
          connection.socket[way]();
        });
        route(lane, 'app.test', [backend]);

        await client.send(request);
        if (status === undefined) await client.reader.untilClosed();
        else await client.reader.until('HTTP/1.1 502 Bad Gateway\r\n');

        const record = await recordOf(lane);
        expect(record.status).to.equal(status ?? 200);
        expect(client.reader.text).not.to.match(/0\r\n\r\n$/);
        // Only a reset is held against an endpoint; it goes to other workers as well.
        for (const { verdict } of lane.reports) expect(verdict).to.equal('mark');
        client.close();
        await settled(stage, { lane, backend });
      });
    }
  }

  for (const way of WAYS) {
    it(`on the endpoint's side while idle, by ${way}, are forgotten`, async () => {
      const lane = await stage.start();
      const backend = await stage.backend(answering(ok()));
      route(lane, 'app.test', [backend]);
      const client = await stage.client(lane);
      await client.ask(GET);
      await until(() => lane.figures().idleEndpointConnections === 1, 'the idle connection');

      backend.connections[0]!.socket[way]();

      await until(() => lane.figures().idleEndpointConnections === 0, 'the end to be noticed');
      expect((await client.ask(`${UPLOAD}1234567890`)).startLine).to.equal('HTTP/1.1 200 OK');
      expect(backend.connections).to.have.length(2);
      expect(lane.reports).to.deep.equal([]);
    });
  }

  it('of the endpoint complete an answer that has no other end, unless they are reset', async () => {
    const lane = await stage.start();
    let way: (typeof WAYS)[number] = 'end';
    const backend = await stage.backend(async ({ request, write, socket }) => {
      await request();
      write(`${head('HTTP/1.1 200 OK')}all of it`);
      await until(() => reading.reader.text.includes('all of it'), 'the bytes at the client');
      socket[way]();
    });
    route(lane, 'app.test', [backend]);
    let reading = await stage.client(lane);
    expect((await reading.ask(GET)).body.toString()).to.equal('all of it');

    way = 'resetAndDestroy';
    reading = await stage.client(lane);
    await reading.send(GET);
    await reading.reader.untilClosed();
    expect(reading.reader.text).not.to.match(/0\r\n\r\n$/);
  });

  /** An endpoint that accepts and never shakes hands: connections to it stay in the middle of being made. */
  const speechless = async (): Promise<{ port: number; sockets: Socket[] }> => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      sockets.push(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stage.closing(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, sockets };
  };

  for (const way of WAYS) {
    it(`on the client's side in the middle of a dial, by ${way}, end the dial: 499`, async () => {
      const lane = await stage.start();
      const { port, sockets } = await speechless();
      const [endpoint] = route(lane, 'app.test', [{ port, tls: true }]);
      const client = await stage.client(lane);
      await client.send(`${UPLOAD}12345`);
      await until(() => sockets.length === 1, 'the dial');

      client.socket[way]();

      expect((await recordOf(lane)).status).to.equal(499);
      await until(() => sockets[0]!.closed, 'the end of the dial');
      expect(lane.reports).to.deep.equal([]);
      expect(lane.states.inFlight(endpoint!)).to.equal(0);
      expect(lane.figures()).to.include({ activeRequests: 0, openConnections: 0 });
    });
  }

  it('with a drain in the middle of a dial wait for the dial, and answer with Connection: close', async () => {
    const lane = await stage.start({ settings: { maxAttempts: 2 } });
    const { port, sockets } = await speechless();
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [{ port, tls: true }, backend]);
    const client = await stage.client(lane);
    await client.send(`${UPLOAD}1234567890`);
    await until(() => sockets.length === 1, 'the dial');

    let drained = false;
    const draining = lane.drain().then(() => {
      drained = true;
    });
    expect(drained).to.equal(false);
    expect(lane.figures().activeRequests).to.equal(1);
    sockets[0]!.resetAndDestroy();
    const answer = await client.response();

    expect(answer.startLine).to.equal('HTTP/1.1 200 OK');
    expect(answer.header('connection')).to.equal('close');
    expect(backend.received).to.match(/1234567890$/);
    await draining;
    expect(lane.figures()).to.deep.equal({
      activeRequests: 0,
      openConnections: 0,
      openTunnels: 0,
      idleEndpointConnections: 0,
    });
  });

  it('with a stop in the middle of a dial end that too', async () => {
    const lane = await stage.start();
    const { port, sockets } = await speechless();
    route(lane, 'app.test', [{ port, tls: true }]);
    const client = await stage.client(lane);
    await client.send(GET);
    await until(() => sockets.length === 1, 'the dial');

    lane.stop();

    await until(() => sockets[0]!.closed && client.reader.closed, 'the end');
    expect((await recordOf(lane)).status).to.equal(499);
  });
});
