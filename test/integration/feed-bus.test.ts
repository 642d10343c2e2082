import { expect } from 'chai';
import { type ConnectionOptions, connect, Empty, type NatsConnection } from 'nats';
import { EmbeddedBus } from '../../lib/feed/embedded/embedded-bus.ts';
import { BusSession } from '../support/bus-session.ts';
import { closingAfterEach } from '../support/closing.ts';
import { NatsServer } from '../support/nats-server.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

interface BusOptions {
  readonly maxPayload?: number;
  readonly maxPending?: number;
  readonly credentials?: { readonly user: string; readonly pass: string };
  readonly pingIntervalMs?: number;
  readonly authTimeoutMs?: number;
}

interface RunningBus {
  readonly port: number;
  /** Cuts everybody, and listens on the same port again. */
  restart(): Promise<void>;
}

type Closing = (close: () => unknown) => void;

const K = 1024;

async function startEmbedded(options: BusOptions, closing: Closing): Promise<RunningBus> {
  const make = (port: number) =>
    new EmbeddedBus({
      host: '127.0.0.1',
      port,
      logger: recordingLogger(),
      ...options,
      ...options.credentials,
    });
  let bus = make(0);
  closing(() => bus.stop());
  const { port } = await bus.start();
  return {
    port,
    restart: async () => {
      await bus.stop();
      bus = make(port);
      await bus.start();
    },
  };
}

async function startReal(options: BusOptions, closing: Closing): Promise<RunningBus> {
  const {
    credentials,
    maxPayload = 1024 * K,
    maxPending = 64 * 1024 * K,
    pingIntervalMs = 120_000,
    authTimeoutMs = 2000,
  } = options;
  const server = await NatsServer.start(closing, {
    config: `
      max_payload: ${maxPayload}
      max_pending: ${maxPending}
      ping_interval: "${pingIntervalMs}ms"
      write_deadline: "500ms"
      ${credentials ? `authorization: { user: "${credentials.user}", password: "${credentials.pass}", timeout: ${authTimeoutMs / 1000} }` : ''}`,
  });
  return {
    port: server.port,
    restart: async () => {
      await server.stop();
      await server.start();
    },
  };
}

const OPEN = 'CONNECT {"verbose":true,"pedantic":false}\r\n';
const QUIET = 'CONNECT {"verbose":false,"pedantic":false}\r\n';

/**
 * What raw bytes are answered with; `closes` = the server ends the connection after that. `repeats` = nats-server looks
 * at a PUB a second time, and says its error again, when it reads the line and the end of the payload in two pieces.
 * The kernel decides about the pieces, so one error or two are equally right, whole or split.
 */
const SESSIONS: { name: string; send: string; answer: string; closes?: true; repeats?: true }[] = [
  { name: 'answers a ping without CONNECT', send: 'PING\r\n', answer: 'PONG\r\n' },
  {
    name: 'is verbose and pedantic until told otherwise',
    send: 'SUB a 1\r\nPUB a.* 0\r\n\r\nCONNECT {}\r\n',
    answer: "+OK\r\n-ERR 'Invalid Publish Subject'\r\n+OK\r\n+OK\r\n",
    repeats: true,
  },
  {
    name: 'says +OK to each command when verbose',
    send: `${OPEN}SUB foo 1\r\nPUB foo 2\r\nhi\r\nUNSUB 1\r\nUNSUB 99\r\nPING\r\n`,
    answer: '+OK\r\n+OK\r\n+OK\r\nMSG foo 1 2\r\nhi\r\n+OK\r\n+OK\r\nPONG\r\n',
  },
  {
    name: 'says nothing to commands when quiet',
    send: `${QUIET}SUB foo 1\r\nUNSUB 1\r\nPUB foo 1\r\nx\r\n`,
    answer: '',
  },
  { name: 'takes a second CONNECT', send: `${OPEN}${QUIET}SUB a 1\r\n`, answer: '+OK\r\n' },
  { name: 'takes CONNECT null', send: 'CONNECT null\r\n', answer: '+OK\r\n' },
  {
    name: 'takes verbs in any case',
    send: `${QUIET.toLowerCase()}sub a 1\r\nPub a 1\r\nx\r\nuNSub 1\r\nping\r\n`,
    answer: 'MSG a 1 1\r\nx\r\nPONG\r\n',
  },
  {
    name: 'takes lines that end in LF alone',
    send: `${QUIET}SUB a 1\nPUB a 1\nx\r\nPING\n`,
    answer: 'MSG a 1 1\r\nx\r\nPONG\r\n',
  },
  {
    name: 'takes tabs and many blanks between arguments',
    send: `${QUIET}SUB\ta\t 1 \r\nPUB  a \t 1 \r\nx\r\n`,
    answer: 'MSG a 1 1\r\nx\r\n',
  },
  { name: 'skips what follows PING', send: `${QUIET}PING x y\r\nPINGS\r\n`, answer: 'PONG\r\nPONG\r\n' },
  { name: 'ignores INFO, +OK and an unasked PONG', send: `${QUIET}INFO {}\r\n+OK\r\nPONG\r\n`, answer: '' },
  {
    name: 'delivers with a reply subject',
    send: `${QUIET}SUB foo.* 7\r\nPUB foo.a r.x 0\r\n\r\n`,
    answer: 'MSG foo.a 7 r.x 0\r\n\r\n',
  },
  {
    name: 'takes any text for a subscription id',
    send: `${QUIET}SUB a abc-1\r\nPUB a 1\r\nx\r\n`,
    answer: 'MSG a abc-1 1\r\nx\r\n',
  },
  {
    name: 'passes bytes on as they came',
    send: `${QUIET}SUB a\xc3\xa9 1\r\nPUB a\xc3\xa9 r\xff 6\r\n\xff\x00\r\n\r\n\r\n`,
    answer: 'MSG a\xc3\xa9 1 r\xff 6\r\n\xff\x00\r\n\r\n\r\n',
  },
  {
    name: 'delivers only what matches *',
    send: `${QUIET}SUB * 1\r\nPUB x.y 1\r\nq\r\nPUB z 1\r\nr\r\n`,
    answer: 'MSG z 1 1\r\nr\r\n',
  },
  {
    name: 'delivers all below >',
    send: `${QUIET}SUB x.> 1\r\nPUB x 1\r\np\r\nPUB x.y 1\r\nq\r\nPUB x.y.z 1\r\nr\r\n`,
    answer: 'MSG x.y 1 1\r\nq\r\nMSG x.y.z 1 1\r\nr\r\n',
  },
  {
    name: 'takes wildcards inside a token as letters',
    send: `${QUIET}SUB a*.b 1\r\nSUB >x 2\r\nPUB a*.b 1\r\nx\r\nPUB ac.b 1\r\nx\r\nPUB >x 1\r\ny\r\n`,
    answer: 'MSG a*.b 1 1\r\nx\r\nMSG >x 2 1\r\ny\r\n',
  },
  {
    name: 'delivers no message on a subject with an empty token',
    send: `${QUIET}SUB > 1\r\nPUB a..b 1\r\nx\r\n`,
    answer: '',
  },
  {
    name: 'refuses a subscription with an empty token and goes on',
    send: `${OPEN}SUB foo..bar 1\r\nSUB foo. 1\r\nPING\r\n`,
    answer: "+OK\r\n-ERR 'Invalid Subject'\r\n-ERR 'Invalid Subject'\r\nPONG\r\n",
  },
  {
    name: 'refuses a subscription with > in the middle',
    send: `${OPEN}SUB foo.>.x 1\r\n`,
    answer: "+OK\r\n-ERR 'Invalid Subject'\r\n",
  },
  {
    name: 'tells a pedantic client of a bad subject',
    send: 'CONNECT {"verbose":true,"pedantic":true}\r\nPUB foo..x 2\r\nhi\r\n',
    answer: "+OK\r\n-ERR 'Invalid Publish Subject'\r\n+OK\r\n",
    repeats: true,
  },
  {
    name: 'keeps the first subscription of an id',
    send: `${QUIET}SUB a 1\r\nSUB b 1\r\nPUB a 1\r\nx\r\nPUB b 1\r\ny\r\n`,
    answer: 'MSG a 1 1\r\nx\r\n',
  },
  {
    name: 'ends a subscription after its maximum',
    send: `${OPEN}SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\nPUB a 1\r\nz\r\n`,
    answer: '+OK\r\n+OK\r\n+OK\r\n+OK\r\nMSG a 1 1\r\nx\r\n+OK\r\nMSG a 1 1\r\ny\r\n+OK\r\n',
  },
  {
    name: 'counts what was delivered before UNSUB with a maximum',
    send: `${QUIET}SUB a 1\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\nUNSUB 1 2\r\nPUB a 1\r\nz\r\n`,
    answer: 'MSG a 1 1\r\nx\r\nMSG a 1 1\r\ny\r\n',
  },
  {
    name: 'lets a later maximum replace the first',
    send: `${QUIET}SUB a 1\r\nUNSUB 1 1\r\nUNSUB 1 3\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\n`,
    answer: 'MSG a 1 1\r\nx\r\nMSG a 1 1\r\ny\r\n',
  },
  {
    name: 'takes a senseless maximum for none',
    send: `${OPEN}SUB a 1\r\nUNSUB 1 x\r\nPUB a 1\r\nz\r\n`,
    answer: '+OK\r\n+OK\r\n+OK\r\n+OK\r\n',
  },
  {
    name: 'takes the id again after its end',
    send: `${QUIET}SUB a 1\r\nUNSUB 1\r\nSUB b 1\r\nPUB a 1\r\nx\r\nPUB b 1\r\ny\r\n`,
    answer: 'MSG b 1 1\r\ny\r\n',
  },
  {
    name: 'keeps own messages from a client that wants no echo',
    send: 'CONNECT {"verbose":false,"echo":false}\r\nSUB a 1\r\nPUB a 1\r\nx\r\n',
    answer: '',
  },
  {
    name: 'refuses an unknown operation',
    send: `${OPEN}GET / HTTP/1.1\r\n`,
    answer: "+OK\r\n-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  {
    name: 'refuses garbage without waiting for the end of the line',
    send: 'G',
    answer: "-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  {
    name: 'refuses a verb that goes wrong',
    send: 'PX',
    answer: "-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  {
    name: 'refuses an empty line',
    send: `${OPEN}\r\n`,
    answer: "+OK\r\n-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  {
    name: 'refuses a verb without arguments',
    send: `${OPEN}PUB\r\n`,
    answer: "+OK\r\n-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  {
    name: 'refuses what only servers say',
    send: `${OPEN}MSG a 1 1\r\n`,
    answer: "+OK\r\n-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  {
    name: 'refuses a payload longer than announced',
    send: `${OPEN}PUB a 2\r\nabcd\r\n`,
    answer: "+OK\r\n-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  {
    name: 'refuses a payload that ends in LF alone',
    send: `${OPEN}PUB a 2\r\nab\n.`,
    answer: "+OK\r\n-ERR 'Unknown Protocol Operation'\r\n",
    closes: true,
  },
  { name: 'hangs up on PUB without a size', send: `${OPEN}PUB a\r\n`, answer: '+OK\r\n', closes: true },
  {
    name: 'hangs up on PUB with a size that is no number',
    send: `${OPEN}PUB a x1\r\n`,
    answer: '+OK\r\n',
    closes: true,
  },
  {
    name: 'hangs up on PUB with a negative size',
    send: `${OPEN}PUB a -1\r\n`,
    answer: '+OK\r\n',
    closes: true,
  },
  {
    name: 'hangs up on PUB with too many arguments',
    send: `${OPEN}PUB a b c 1\r\n`,
    answer: '+OK\r\n',
    closes: true,
  },
  { name: 'hangs up on SUB without an id', send: `${OPEN}SUB a\r\n`, answer: '+OK\r\n', closes: true },
  {
    name: 'hangs up on SUB with too many arguments',
    send: `${OPEN}SUB a b c d\r\n`,
    answer: '+OK\r\n',
    closes: true,
  },
  {
    name: 'hangs up on UNSUB with too many arguments',
    send: `${OPEN}UNSUB 1 2 3\r\n`,
    answer: '+OK\r\n',
    closes: true,
  },
  { name: 'hangs up on CONNECT that is no JSON', send: 'CONNECT x\r\n', answer: '', closes: true },
  { name: 'hangs up on CONNECT without JSON', send: 'CONNECT\r\n', answer: '', closes: true },
  {
    name: 'hangs up on CONNECT with a wrong type',
    send: 'CONNECT {"verbose":"yes"}\r\n',
    answer: '',
    closes: true,
  },
  {
    name: 'hangs up on a client that reports an error',
    send: `${QUIET}-ERR 'x'\r\n`,
    answer: '',
    closes: true,
  },
  {
    name: 'refuses a line that is too long',
    send: `${OPEN}SUB ${'a'.repeat(5000)} 1\r\n`,
    answer: "+OK\r\n-ERR 'maximum control line exceeded'\r\n",
    closes: true,
  },
  {
    name: 'refuses a line that is too long before its end',
    send: `${OPEN}PUB ${'a'.repeat(5000)}`,
    answer: "+OK\r\n-ERR 'maximum control line exceeded'\r\n",
    closes: true,
  },
];

function describeBus(
  name: string,
  startBus: (options: BusOptions, closing: Closing) => Promise<RunningBus>,
  { mayRepeat }: { readonly mayRepeat: boolean },
): void {
  describe(`a bus: ${name}`, () => {
    const closing = closingAfterEach();
    const start = (options: BusOptions = {}) => startBus(options, closing);

    async function client(bus: RunningBus, options: ConnectionOptions = {}): Promise<NatsConnection> {
      const connection = await connect({ servers: `127.0.0.1:${bus.port}`, reconnect: false, ...options });
      closing(() => connection.close());
      return connection;
    }

    /** Subscribes, and keeps what comes as text. */
    function listen(
      connection: NatsConnection,
      subject: string,
      options: { queue?: string; max?: number } = {},
    ): string[] {
      const got: string[] = [];
      connection.subscribe(subject, {
        ...options,
        callback: (_error, message) => got.push(message.string()),
      });
      return got;
    }

    describe('with the official client', () => {
      it('delivers to every subscriber, the publisher too', async () => {
        const bus = await start();
        const [a, b] = [await client(bus), await client(bus)];
        const [atA, atB] = [listen(a, 'news'), listen(b, 'news')];
        await b.flush();
        a.publish('news', 'one');
        a.publish('olds', 'two');
        await a.flush();
        await b.flush();
        expect(atA).to.deep.equal(['one']);
        expect(atB).to.deep.equal(['one']);
      });

      it('keeps own messages from a client that wants no echo', async () => {
        const bus = await start();
        const a = await client(bus, { noEcho: true });
        const got = listen(a, 'x');
        a.publish('x');
        await a.flush();
        expect(got).to.deep.equal([]);
      });

      it('works with a verbose and pedantic client', async () => {
        const bus = await start();
        const a = await client(bus, { verbose: true, pedantic: true });
        const got = listen(a, 'x.*');
        a.publish('x.y', 'z');
        await a.flush();
        expect(got).to.deep.equal(['z']);
      });

      it('matches wildcards', async () => {
        const bus = await start();
        const a = await client(bus);
        const got: Record<string, string[]> = {};
        for (const subject of ['a.b.c', 'a.*.c', '*.b.*', 'a.>', '>', '*', 'a.b', 'b.>', 'a.b.c.>']) {
          got[subject] = listen(a, subject);
        }
        for (const subject of ['a.b.c', 'a.x.c', 'a', 'a.b', 'b.b.b', 'a.b.c.d']) a.publish(subject, subject);
        await a.flush();
        expect(got).to.deep.equal({
          'a.b.c': ['a.b.c'],
          'a.*.c': ['a.b.c', 'a.x.c'],
          '*.b.*': ['a.b.c', 'b.b.b'],
          'a.>': ['a.b.c', 'a.x.c', 'a.b', 'a.b.c.d'],
          '>': ['a.b.c', 'a.x.c', 'a', 'a.b', 'b.b.b', 'a.b.c.d'],
          '*': ['a'],
          'a.b': ['a.b'],
          'b.>': ['b.b.b'],
          'a.b.c.>': ['a.b.c.d'],
        });
      });

      it('gives each message to one member of a queue group, and to every group', async () => {
        const bus = await start();
        const publisher = await client(bus);
        const members = [await client(bus), await client(bus), await client(bus)];
        const inGroup = members.map((member, i) =>
          listen(member, i === 0 ? 'work.*' : 'work.x', { queue: 'q' }),
        );
        const [first] = members;
        const inOther = listen(first!, 'work.x', { queue: 'other' });
        const alone = listen(first!, 'work.x');
        for (const member of members) await member.flush();
        const sent = Array.from({ length: 300 }, (_, i) => String(i));
        for (const text of sent) publisher.publish('work.x', text);
        await publisher.flush();
        for (const member of members) await member.flush();
        const number = (x: string, y: string) => Number(x) - Number(y);
        expect(inGroup.flat().sort(number)).to.deep.equal(sent);
        for (const share of inGroup) expect(share.length).to.be.greaterThan(30);
        expect(inOther).to.deep.equal(sent);
        expect(alone).to.deep.equal(sent);
      });

      it('gives the work of a member that left to the others', async () => {
        const bus = await start();
        const publisher = await client(bus);
        const [leaving, staying] = [await client(bus), await client(bus)];
        listen(leaving, 'work', { queue: 'q' });
        const got = listen(staying, 'work', { queue: 'q' });
        await leaving.flush();
        await staying.flush();
        await leaving.close();
        for (let i = 0; i < 20; i += 1) publisher.publish('work', String(i));
        await until(async () => {
          publisher.publish('work', 'x');
          await publisher.flush();
          await staying.flush();
          return got.includes('x');
        }, 'work for the member that stayed');
        const before = got.length;
        for (let i = 0; i < 20; i += 1) publisher.publish('work', 'y');
        await publisher.flush();
        await staying.flush();
        expect(got.length - before).to.equal(20);
      });

      it('carries requests and their answers', async () => {
        const bus = await start();
        const [asking, answering] = [await client(bus), await client(bus)];
        answering.subscribe('double', {
          callback: (_error, message) => {
            message.respond(String(2 * Number(message.string())));
          },
        });
        await answering.flush();
        const answers = await Promise.all([1, 2, 3].map((n) => asking.request('double', String(n))));
        expect(answers.map((answer) => answer.string())).to.deep.equal(['2', '4', '6']);
        const own = await asking.request('double', '21', { timeout: 30_000, noMux: true });
        expect(own.string()).to.equal('42');
      });

      it('ends a subscription after its maximum', async () => {
        const bus = await start();
        const [a, b] = [await client(bus), await client(bus)];
        const got = listen(a, 'x', { max: 3 });
        const open: string[] = [];
        const later = a.subscribe('x', { callback: (_error, message) => open.push(message.string()) });
        await a.flush();
        for (let i = 0; i < 5; i += 1) b.publish('x', String(i));
        await b.flush();
        await a.flush();
        expect(got).to.deep.equal(['0', '1', '2']);
        expect(open).to.have.length(5);
        later.unsubscribe();
        await a.flush();
        b.publish('x');
        await b.flush();
        await a.flush();
        expect(open).to.have.length(5);
      });

      it('carries messages up to the payload limit, and empty ones', async () => {
        const bus = await start({ maxPayload: 300 * K });
        const [a, b] = [await client(bus), await client(bus)];
        const got: Uint8Array[] = [];
        a.subscribe('x', { callback: (_error, message) => got.push(message.data) });
        await a.flush();
        const bytes = Uint8Array.from({ length: 300 * K }, (_, i) => (i * 7919) % 256);
        b.publish('x', bytes);
        b.publish('x', Empty);
        await b.flush();
        await until(() => got.length === 2, 'both messages');
        expect(Buffer.compare(Buffer.from(got[0]!), Buffer.from(bytes))).to.equal(0);
        expect(got[1]).to.have.length(0);
        expect(() => b.publish('x', new Uint8Array(300 * K + 1))).to.throw(/MAX_PAYLOAD/);
      });

      it('delivers 10,000 messages in order', async () => {
        const bus = await start();
        const [a, b] = [await client(bus), await client(bus)];
        const got = listen(a, 'x.>');
        await a.flush();
        for (let i = 0; i < 10_000; i += 1) b.publish(`x.${i % 7}`, String(i));
        await b.flush();
        await until(() => got.length >= 10_000, 'all messages');
        expect(got).to.deep.equal(Array.from({ length: 10_000 }, (_, i) => String(i)));
      });

      it('holds many subscriptions and lets them go', async () => {
        const bus = await start();
        const [a, b] = [await client(bus), await client(bus)];
        const got: string[] = [];
        const subscriptions = Array.from({ length: 5000 }, (_, i) =>
          a.subscribe(`many.${i}`, { callback: (_error, message) => got.push(message.subject) }),
        );
        await a.flush();
        for (let i = 0; i < 5000; i += 1) b.publish(`many.${i}`);
        await b.flush();
        await until(() => got.length >= 5000, 'a message for each');
        expect(new Set(got).size).to.equal(5000);
        for (const subscription of subscriptions.slice(1)) subscription.unsubscribe();
        await a.flush();
        got.length = 0;
        for (let i = 0; i < 5000; i += 1) b.publish(`many.${i}`);
        await b.flush();
        await a.flush();
        expect(got).to.deep.equal(['many.0']);
      });

      it('lets clients in by user and password alone', async () => {
        const bus = await start({ credentials: { user: 'me', pass: 'p%40: x' } });
        const a = await client(bus, { user: 'me', pass: 'p%40: x' });
        await a.flush();
        for (const options of [{}, { user: 'me', pass: 'wrong' }, { user: 'you', pass: 'p%40: x' }]) {
          const refused = await client(bus, options).catch((error: Error & { code?: string }) => error);
          expect(refused).to.have.property('code', 'AUTHORIZATION_VIOLATION');
        }
      });

      it('has clients back after a restart, with their subscriptions', async () => {
        const bus = await start();
        const comeback = { reconnect: true, reconnectTimeWait: 50, maxReconnectAttempts: -1 };
        const [a, b] = [await client(bus, comeback), await client(bus, comeback)];
        const got = listen(a, 'x');
        await a.flush();
        await bus.restart();
        await until(async () => {
          await b.flush().catch(() => {});
          b.publish('x', 'again');
          return got.includes('again');
        }, 'a message after the restart');
      });

      it('answers the pings of clients', async () => {
        const bus = await start();
        // However late an answer comes, it takes all pings before it from those that are out.
        const a = await client(bus, { pingInterval: 20, maxPingOut: 1_000_000 });
        let [pings, out] = [0, 0];
        void (async () => {
          for await (const { type, data } of a.status()) {
            if (type !== 'pingTimer') continue;
            pings += 1;
            out = Number(data);
          }
        })();
        await until(() => pings >= 5 && out < pings, 'an answer to one of five pings');
        expect(a.isClosed()).to.equal(false);
      });
    });

    describe('byte by byte', () => {
      it('greets with INFO', async () => {
        const bus = await start({ maxPayload: 64 * K });
        const { info } = await BusSession.open(bus.port, closing);
        expect(info).to.include({
          proto: 1,
          max_payload: 64 * K,
          host: '127.0.0.1',
          port: bus.port,
          client_ip: '127.0.0.1',
        });
        expect(info).to.have.property('server_id').that.is.a('string');
        expect(info).to.have.property('client_id').that.is.a('number');
        expect(info).not.to.have.property('auth_required');
        expect(info)
          .to.have.property('version')
          .that.matches(/^\d+\.\d+\.\d+/);
      });

      describe('in one session', () => {
        const closes: (() => unknown)[] = [];
        let bus: RunningBus;
        before(async () => {
          bus = await startBus({}, (close) => closes.push(close));
        });
        after(async () => {
          for (const close of closes) await close();
        });

        for (const { name: title, send, answer, closes, repeats } of SESSIONS) {
          it(title, async () => {
            const whole = await BusSession.open(bus.port, closing);
            if (closes) {
              whole.send(send);
              await until(() => whole.closed, 'the end of the connection');
              expect(whole.text).to.equal(answer);
              return;
            }
            // The answer to a last ping shows that nothing more comes.
            whole.send(`${send}PING\r\n`);
            await whole.expect(`${answer}PONG\r\n`, { errorsOnce: mayRepeat && repeats === true });
            const split = await BusSession.open(bus.port, closing);
            whole.socket.destroy();
            await split.sendSplit(`${send}PING\r\n`);
            await split.expect(`${answer}PONG\r\n`, { errorsOnce: mayRepeat && repeats === true });
          });
        }
      });

      it('refuses a payload over the limit before it comes', async () => {
        const bus = await start({ maxPayload: 1000 });
        const session = await BusSession.open(bus.port, closing);
        session.send(`${OPEN}SUB a 1\r\nPUB a 1001\r\n`);
        await until(() => session.closed, 'the end of the connection');
        expect(session.text).to.equal("+OK\r\n+OK\r\n-ERR 'Maximum Payload Violation'\r\n");
      });

      for (const opening of [
        'PING\r\n',
        'SUB',
        'CONNECT {}\r\n',
        'CONNECT {"user":"u","pass":"x"}\r\n',
        'CONNECT {"user":"u","pass":["p"]}\r\n',
      ]) {
        it(`turns away a stranger who says ${JSON.stringify(opening)}`, async () => {
          const bus = await start({ credentials: { user: 'u', pass: 'p' } });
          const session = await BusSession.open(bus.port, closing);
          expect(session.info).to.include({ auth_required: true });
          session.send(opening);
          await until(() => session.closed, 'the end of the connection');
          expect(session.text).to.be.oneOf(["-ERR 'Authorization Violation'\r\n", '']);
        });
      }

      it('turns away a stranger who says nothing', async () => {
        const bus = await start({ credentials: { user: 'u', pass: 'p' }, authTimeoutMs: 200 });
        const session = await BusSession.open(bus.port, closing);
        await until(() => session.closed, 'the end of the connection');
        expect(session.text).to.equal("-ERR 'Authentication Timeout'\r\n");
      });

      it('pings a silent client, and cuts it when it does not answer', async () => {
        const bus = await start({ pingIntervalMs: 100 });
        const [dead, live] = [
          await BusSession.open(bus.port, closing),
          await BusSession.open(bus.port, closing),
        ];
        const answering = setInterval(() => live.send('PONG\r\n'), 20);
        closing(() => clearInterval(answering));
        dead.send(QUIET);
        live.send(QUIET);
        await until(() => dead.closed, 'the end of the dead client');
        expect(dead.pinged).to.equal(true);
        expect(dead.text).to.equal("-ERR 'Stale Connection'\r\n");
        expect(live.closed).to.equal(false);
      });

      it('cuts a client that reads too slowly, and no other', async () => {
        const bus = await start({ maxPayload: 64 * K, maxPending: 1024 * K });
        const slow = await BusSession.open(bus.port, closing);
        slow.send(`${QUIET}SUB flood 1\r\nPING\r\n`);
        await slow.expect('PONG\r\n');
        slow.socket.pause();
        const [publisher, fast] = [await client(bus), await client(bus)];
        let got = 0;
        fast.subscribe('flood', {
          callback: () => {
            got += 1;
          },
        });
        await fast.flush();
        const payload = new Uint8Array(64 * K).fill(97);
        const batches = 60;
        for (let batch = 0; batch < batches; batch += 1) {
          for (let i = 0; i < 8; i += 1) publisher.publish('flood', payload);
          await publisher.flush();
          await fast.flush();
        }
        expect(got).to.equal(8 * batches);
        slow.socket.resume();
        await until(() => slow.closed, 'the end of the slow client');
        expect(slow.text.length).to.be.lessThan(8 * batches * 64 * K);
      });

      it('survives garbage without harm to others', async () => {
        const bus = await start();
        const [a, b] = [await client(bus), await client(bus)];
        const got = listen(a, '>');
        await a.flush();
        const pieces = [
          'PUB x 5\r\nab',
          'SUB > 1\r\n',
          '\x00\xff\xfe',
          'CONNECT {"a":[[[[',
          'UNSUB 1\r\n',
          '\r\n',
          'PUB x 99999999\r\n',
          'P',
          'HPUB x 1 1\r\n',
        ];
        for (let i = 0; i < 60; i += 1) {
          const session = await BusSession.open(bus.port, closing);
          session.send(pieces[i % pieces.length]! + pieces[(i * 5 + 3) % pieces.length]!);
          if (i % 3 === 0) session.socket.resetAndDestroy();
        }
        b.publish('after', 'all is well');
        await b.flush();
        await until(() => got.includes('all is well'), 'the message after the garbage');
      });
    });
  });
}

describeBus('embedded', startEmbedded, { mayRepeat: false });
describeBus('nats-server', startReal, { mayRepeat: true });
