import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { abortablePause } from '../../lib/primary/pause.ts';
import { RouteFetcher, type RouteFetcherOptions } from '../../lib/route-fetcher/route-fetcher.ts';
import { RoutingApi } from '../../lib/route-fetcher/routing-api.ts';
import {
  TokenFetcher,
  type TokenFetcherOptions,
  type Tokens,
} from '../../lib/route-fetcher/token-fetcher.ts';
import type { Registration } from '../../lib/routes/endpoint.ts';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';
import { type ApiRouteJson, RoutingApiServer } from '../support/routing-api-server.ts';
import { until } from '../support/until.ts';

const NEVER_MS = 3_600_000;

function aRoute(route: string, port = 8080, fields: Partial<ApiRouteJson> = {}): ApiRouteJson {
  return { route, port, ip: '127.0.0.1', ttl: 60, log_guid: 'guid', ...fields };
}

describe('the routing API as a source of routes', () => {
  const closing = closingAfterEach();

  interface Wishes {
    readonly fetcher?: Partial<RouteFetcherOptions>;
    readonly tokens?: Partial<TokenFetcherOptions>;
    readonly noTokens?: true;
  }

  async function aFetcher(wishes: Wishes = {}) {
    const server = await RoutingApiServer.start(closing);
    const { ca, client } = server.certificates;
    const logger = recordingLogger();
    const said: string[] = [];
    const note = (verb: string) => (registration: Registration) =>
      said.push(`${verb} ${registration.uris.join()} ${registration.endpoint.address}`);
    const api = new RoutingApi({
      origin: `https://localhost:${server.apiPort}`,
      tls: { ca: ca.cert, cert: client.cert, key: client.key },
    });
    const tokens: Tokens =
      wishes.noTokens === true
        ? { token: () => Promise.resolve(undefined) }
        : new TokenFetcher({
            uaa: { origin: `https://localhost:${server.uaaPort}`, tls: { ca: ca.cert } },
            clientName: 'gorouter:1',
            clientSecret: 's ä&',
            maxRetries: 2,
            retryMs: 10,
            bufferMs: 30_000,
            logger,
            now: Date.now,
            pause: abortablePause,
            ...wishes.tokens,
          });
    const fetcher = new RouteFetcher(
      {
        pollMs: NEVER_MS,
        staleThresholdMs: 120_000,
        keepWithoutApi: true,
        resubscribeMs: 10,
        ...wishes.fetcher,
      },
      {
        api,
        tokens,
        logger,
        onRegister: note('register'),
        onUnregister: note('unregister'),
        onKeepAlive: note('keep'),
        pause: abortablePause,
      },
    );
    closing(() => fetcher.stop());
    const lines = (message: string) => logger.lines.filter((line) => line.message === message);
    return { server, fetcher, said, logger, lines };
  }

  const settled = (said: string[], expected: readonly string[]): Promise<unknown> =>
    until(() => said.length >= expected.length, `${expected.join(', ')} after ${said.join(', ')}`).then(() =>
      expect(said.splice(0)).to.deep.equal(expected),
    );

  it('gives the whole list after it has subscribed, then what the events say', async () => {
    const { server, fetcher, said, lines } = await aFetcher();
    server.routes = [aRoute('a.test', 1), aRoute('b.test', 2)];
    fetcher.start();
    await settled(said, ['register a.test 127.0.0.1:1', 'register b.test 127.0.0.1:2']);
    await server.subscribed();
    server.send('Upsert', aRoute('c.test', 3));
    server.send('Other', aRoute('x.test', 3));
    server.send('Delete', aRoute('a.test', 1));
    await settled(said, ['register c.test 127.0.0.1:3', 'unregister a.test 127.0.0.1:1']);
    expect(lines('syncer-started')).to.have.lengthOf(1);
    expect(lines('Successfully-subscribed-to-routing-api-event-stream')).to.have.lengthOf(1);
    expect(lines('received-event')).to.have.lengthOf(3);
  });

  it('shows the token that it got by its name and secret', async () => {
    const { server, fetcher } = await aFetcher();
    fetcher.start();
    await server.subscribed();
    await until(() => server.listed > 0, 'the list');
    const credentials = Buffer.from('gorouter%3A1:s+%C3%A4%26').toString('base64');
    expect(server.seen.get('/oauth/token')).to.equal(`Basic ${credentials}`);
    expect(server.bodies).to.deep.equal(['grant_type=client_credentials']);
    expect(server.seen.get('/routing/v1/events')).to.equal('bearer token-1');
    expect(server.seen.get('/routing/v1/routes')).to.equal('bearer token-1');
    expect(server.tokensGiven).to.equal(1);
  });

  it('shows none where none is needed', async () => {
    const { server, fetcher } = await aFetcher({ noTokens: true });
    fetcher.start();
    await server.subscribed();
    expect(server.seen.get('/routing/v1/events')).to.equal('');
  });

  it('takes a token that is about to end for none', async () => {
    const { server, fetcher } = await aFetcher({ fetcher: { pollMs: 5 } });
    server.expiresInS = 30;
    fetcher.start();
    await until(() => server.tokensGiven >= 4, 'a token for each call');
  });

  it('gets a new token when the API takes the old one no longer, for the list and for the events', async () => {
    const { server, fetcher, said } = await aFetcher({ fetcher: { pollMs: 20 } });
    server.routes = [aRoute('a.test', 1)];
    fetcher.start();
    await server.subscribed();
    await until(() => said.length > 0, 'the list');
    server.accepts = (token) => token !== 'token-1';
    server.routes = [aRoute('b.test', 2)];
    await until(() => said.includes('register b.test 127.0.0.1:2'), 'the list with a new token');
    server.accepts = (token) => Number(token.slice(6)) > 2;
    server.endStreams();
    await server.subscribed(2);
    expect(server.seen.get('/routing/v1/events')).to.not.equal('bearer token-2');
  });

  it('tries for a token as often as it was told, and begins again', async () => {
    const { server, fetcher, lines } = await aFetcher();
    server.tokenStatus = 401;
    fetcher.start();
    await until(() => server.bodies.length > 6, 'three rounds of tries');
    expect(lines('failed-to-fetch-token')).to.have.lengthOf(1);
    expect(String(lines('failed-to-fetch-token')[0]?.data?.error)).to.match(/answered 401: .*unauthorized/);
    expect(server.subscriptions).to.equal(0);
    server.tokenStatus = 200;
    await server.subscribed();
  });

  it('removes what is missing in the next list, and refreshes the rest', async () => {
    const { server, fetcher, said } = await aFetcher({ fetcher: { pollMs: 50 } });
    const tagged = aRoute('a.test', 1, { modification_tag: { guid: 'g', index: 1 } });
    server.routes = [tagged, aRoute('b.test', 2), aRoute('b.test', 3)];
    fetcher.start();
    await until(() => said.includes('register b.test 127.0.0.1:3'), 'the first list');
    server.routes = [aRoute('b.test', 2)];
    await until(() => said.includes('unregister b.test 127.0.0.1:3'), 'the second');
    expect(said).to.include('unregister a.test 127.0.0.1:1');
    expect(said).to.not.include('unregister b.test 127.0.0.1:2');
    server.routes = null;
    await until(() => said.includes('unregister b.test 127.0.0.1:2'), 'the empty list');
  });

  it('leaves the table as it is, and alive, while the list cannot be had', async () => {
    const { server, fetcher, said, lines } = await aFetcher({ fetcher: { pollMs: 20 } });
    server.routes = [aRoute('a.test', 1)];
    fetcher.start();
    await until(() => said.length > 0, 'the list');
    server.listStatus = 500;
    await until(() => said.filter((line) => line.startsWith('keep')).length > 2, 'kept alive');
    expect(said.filter((line) => line.startsWith('unregister'))).to.deep.equal([]);
    expect(lines('failed-to-fetch-routes').map(({ data }) => data?.error)).to.deep.equal([
      `GET https://localhost:${server.apiPort}/routing/v1/routes answered 500: [{"route":"a.test","port":1,"ip":"127.0.0.1","ttl":60,"log_guid":"guid"}]`,
    ]);
    server.listStatus = 200;
    said.length = 0;
    await until(() => said.includes('register a.test 127.0.0.1:1'), 'the list again');
    server.listStatus = 500;
    await until(() => lines('failed-to-fetch-routes').length === 2, 'the next failure said');
  });

  it('leaves out bad routes alone, and says so', async () => {
    const { server, fetcher, said, lines } = await aFetcher();
    server.routes = [aRoute('a.test', 1), { route: 'bad.test' }, 7, aRoute('b.test', 2)];
    fetcher.start();
    await settled(said, ['register a.test 127.0.0.1:1', 'register b.test 127.0.0.1:2']);
    expect(lines('invalid-route')[0]?.data).to.deep.equal({
      error: 'ip: text is expected, not nothing',
      count: 2,
    });
    await server.subscribed();
    server.send('Upsert', '{no json');
    server.send('Upsert', aRoute('c.test', 0));
    server.send('Upsert', aRoute('d.test', 4));
    await settled(said, ['register d.test 127.0.0.1:4']);
  });

  it('subscribes again when the stream ends, and reads the list again', async () => {
    const { server, fetcher, said, lines } = await aFetcher();
    fetcher.start();
    await server.subscribed();
    await until(() => server.listed === 1, 'the first list');
    server.routes = [aRoute('missed.test', 1)];
    server.endStreams();
    await settled(said, ['register missed.test 127.0.0.1:1']);
    expect(lines('failed-getting-next-event: ').map(({ data }) => data?.error)).to.deep.equal(['EOF']);
    server.eventsStatus = 503;
    const before = server.subscriptions;
    server.endStreams();
    // Four tries a round, and another round.
    await until(() => server.subscriptions >= before + 8, 'two rounds');
    expect(lines('failed-subscribing-to-routing-api-event-stream')).to.have.lengthOf(1);
  });

  it('trusts nobody but the configured CA, and shows its certificate', async () => {
    const { server, fetcher, lines } = await aFetcher();
    const other = await RoutingApiServer.start(closing);
    const logger = recordingLogger();
    const stranger = new RouteFetcher(
      { pollMs: NEVER_MS, staleThresholdMs: 1, keepWithoutApi: true, resubscribeMs: 10 },
      {
        api: new RoutingApi({
          origin: `https://localhost:${other.apiPort}`,
          tls: { ca: server.certificates.ca.cert, ...server.certificates.client },
        }),
        tokens: { token: () => Promise.resolve(undefined) },
        logger,
        onRegister: () => {},
        onUnregister: () => {},
        onKeepAlive: () => {},
        pause: abortablePause,
      },
    );
    closing(() => stranger.stop());
    stranger.start();
    await until(
      () => logger.lines.some(({ message }) => message.startsWith('failed-subscribing')),
      'a refusal',
    );
    expect(other.subscriptions).to.equal(0);
    fetcher.start();
    await server.subscribed();
    expect(lines('failed-subscribing-to-routing-api-event-stream')).to.deep.equal([]);
  });

  it('ends at once, twice, and before it began', async () => {
    const { server, fetcher, said } = await aFetcher();
    await fetcher.stop();
    fetcher.start();
    await server.subscribed();
    await Promise.all([fetcher.stop(), fetcher.stop()]);
    said.length = 0;
    server.send('Upsert', aRoute('late.test'));
    await fetcher.stop();
    expect(said).to.deep.equal([]);
  });

  describe('in a router', () => {
    function yaml(server: RoutingApiServer, folder: string, extra = ''): string {
      const { ca, client } = server.certificates;
      const pem = (text: string): string => JSON.stringify(text);
      return [
        'nats: {embedded: {port: 0}}',
        `routing_api: {uri: "https://localhost", port: ${server.apiPort}, ca_certs: ${pem(ca.cert)}, cert_chain: ${pem(client.cert)}, private_key: ${pem(client.key)}}`,
        `oauth: {token_endpoint: localhost, port: ${server.uaaPort}, client_name: gorouter, client_secret: s, ca_certs: ${join(folder, 'uaa.pem')}}`,
        extra,
      ].join('\n');
    }

    async function aFile(server: RoutingApiServer): Promise<string> {
      const holder = await RouterProcess.make(closing, '');
      await writeFile(join(holder.folder, 'uaa.pem'), server.certificates.ca.cert);
      return holder.folder;
    }

    it('registers its routes beside those of the bus', async () => {
      const server = await RoutingApiServer.start(closing);
      const backend = await HttpBackend.start(closing, 'api');
      server.routes = [aRoute('api.test/path', backend.port)];
      const router = await RouterProcess.start(closing, yaml(server, await aFile(server)));
      await router.knowsRoutes(1);
      expect((await get(router, 'api.test', '/path/x')).body).to.equal('api');
      const [endpoint] = (await router.status('/routes'))['api.test/path'] ?? [];
      expect(endpoint).to.include({
        address: `127.0.0.1:${backend.port}`,
        protocol: '',
        tls: false,
        ttl: 60,
        server_cert_domain_san: 'guid',
        tags: null,
      });
      server.send('Upsert', aRoute('new.test', backend.port));
      await router.knowsRoutes(2);
      expect((await get(router, 'new.test')).body).to.equal('api');
      server.send('Delete', aRoute('api.test/path', backend.port));
      await router.knowsRoutes(1);
      expect(await router.stop()).to.equal(0);
      expect(router.last('stopping')?.source).to.equal('gorouter.stdout.route-fetcher');
    });

    it('does not keep it from starting when it is away, but does when it cannot be used at all', async () => {
      const server = await RoutingApiServer.start(closing);
      server.tokenStatus = 500;
      const folder = await aFile(server);
      const router = await RouterProcess.start(closing, yaml(server, folder, 'token_fetcher_max_retries: 0'));
      await router.said('failed-to-fetch-token');
      expect(await router.health()).to.equal(200);
      const broken = await RouterProcess.make(closing, yaml(server, '/nowhere'));
      await broken.spawn();
      expect(await broken.ended()).to.equal(1);
      expect(broken.last('initialize-uaa-client')?.data.error).to.include('/nowhere/uaa.pem');
    });
  });
});
