import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import * as grpc from '@grpc/grpc-js';
import { expect } from 'chai';
import { makeCa, makeCert } from '../support/certificates.ts';
import { closingAfterAll } from '../support/closing.ts';
import { type EchoClient, EchoServer, echoClient, type Word } from '../support/http2/echo-service.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const HOST = 'echo.example.com';

describe('gRPC through the router', () => {
  const closing = closingAfterAll();
  let router: RouterProcess;
  let emitter: RouteEmitter;
  let server: EchoServer;
  let client: EchoClient;
  let direct: EchoClient;

  before(async () => {
    const ca = await makeCa();
    const front = await makeCert({ ca, cn: 'front', san: [`DNS:${HOST}`, 'DNS:nobody.example.com'] });
    const back = await makeCert({ ca, cn: 'back', san: ['DNS:id-1.test'] });
    server = await EchoServer.start(back, closing);
    const nats = await NatsServer.start(closing);
    router = await RouterProcess.start(
      closing,
      `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}
ca_certs: ${JSON.stringify([ca.cert])}
enable_ssl: true
ssl_port: 0
cipher_suites: ECDHE-RSA-AES128-GCM-SHA256
client_cert_validation: none
tls_pem: ${JSON.stringify([{ cert_chain: front.cert, private_key: front.key }])}`,
    );
    emitter = await RouteEmitter.start(closing, nats.port, router);
    emitter.register({
      uris: [HOST],
      port: 1,
      tls_port: server.port,
      server_cert_domain_san: 'id-1.test',
      protocol: 'http2',
    });
    await emitter.settled();
    client = echoClient(router.tlsPort, HOST, ca.cert, closing);
    direct = echoClient(server.port, 'id-1.test', ca.cert, closing);
  });

  function unary(of: EchoClient, text: string): Promise<{ answer: Word; trailers: grpc.Metadata }> {
    const metadata = new grpc.Metadata();
    metadata.set('x-from', 'tests');
    return new Promise((resolve, reject) => {
      let answer: Word | undefined;
      let trailers: grpc.Metadata | undefined;
      const both = (): void => {
        if (answer !== undefined && trailers !== undefined) resolve({ answer, trailers });
      };
      const call = of.unary({ text }, metadata, (error, word) => {
        if (error !== null) reject(error);
        answer = word;
        both();
      });
      call.on('status', (status) => {
        trailers = status.metadata;
        both();
      });
    });
  }

  it('carries unary calls, their metadata and trailers', async () => {
    const [through, without] = [await unary(client, 'hello'), await unary(direct, 'hello')];
    expect(through.answer).to.deep.equal({ text: 'HELLO' });
    expect(through.trailers.getMap()).to.deep.equal(without.trailers.getMap());
    const line = await until(async () => {
      const text = await readFile(router.accessLog, 'latin1');
      return text.split('\n').find((each) => each.includes('/tests.Echo/Unary'));
    }, 'the line of the access log');
    expect(line).to.include('"POST /tests.Echo/Unary HTTP/2.0" 200 ');
  });

  it('carries many at once', async () => {
    const words = Array.from({ length: 300 }, (_, i) => `word-${i}-${'x'.repeat(i * 10)}`);
    const answers = await Promise.all(words.map((word) => unary(client, word)));
    expect(answers.map(({ answer }) => answer.text)).to.deep.equal(words.map((word) => word.toUpperCase()));
  });

  it('carries streams of a server, larger than any window', async () => {
    const call = client.serverStream({ text: 'y'.repeat(10_000), n: 500 });
    const seen: number[] = [];
    call.on('data', (word: Word) => seen.push(word.n!));
    const [status] = await once(call, 'status');
    expect(status.code).to.equal(grpc.status.OK);
    expect(seen).to.deep.equal(Array.from({ length: 500 }, (_, i) => i));
  });

  it('carries streams of a client', async () => {
    const answer = await new Promise<Word | undefined>((resolve, reject) => {
      const call = client.clientStream((error, word) => (error === null ? resolve(word) : reject(error)));
      for (let n = 0; n < 500; n += 1) call.write({ text: 'z'.repeat(10_000), n });
      call.end({ text: 'last' });
    });
    expect(answer).to.deep.equal({ text: 'last', n: 501 });
  });

  it('carries both at once, each message as it comes', async () => {
    const call = client.both();
    const seen: string[] = [];
    call.on('data', (word: Word) => seen.push(word.text));
    for (const text of ['one', 'two', 'three']) {
      call.write({ text });
      await until(() => seen.at(-1) === `${text}!`, 'the answer');
    }
    call.end();
    const [status] = await once(call, 'status');
    expect([status.code, seen]).to.deep.equal([grpc.status.OK, ['one!', 'two!', 'three!']]);
  });

  it('carries errors of the server as they are', async () => {
    const error = await new Promise<grpc.ServiceError | null>((resolve) =>
      client.failing({ text: '' }, (failure) => resolve(failure)),
    );
    expect(error).to.include({ code: grpc.status.FAILED_PRECONDITION, details: 'not like this: ä' });
  });

  it('lets deadlines and cancellations reach the server', async () => {
    // Time enough to reach the server before it is over.
    const late = await new Promise<grpc.ServiceError | null>((resolve) =>
      client.hanging({ text: '' }, { deadline: Date.now() + 2_000 }, (failure) => resolve(failure)),
    );
    expect(late?.code).to.equal(grpc.status.DEADLINE_EXCEEDED);
    await until(() => server.cancelled === 1, 'the cancellation');

    const call = client.both();
    call.on('error', () => {});
    call.write({ text: 'a' });
    await once(call, 'data');
    call.cancel();
    await until(() => server.cancelled === 2, 'the cancellation');
    expect((await unary(client, 'still here')).answer.text).to.equal('STILL HERE');
  });
});
