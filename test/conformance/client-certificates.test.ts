import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { ConnectionOptions } from 'node:tls';
import { expect } from 'chai';
import type { ForwardedClientCert } from '../../lib/request/forwarded-client-cert.ts';
import { type KeyPair, makeCa, makeCert } from '../support/certificates.ts';
import { aFrontTls } from '../support/front-tls-fixture.ts';
import { describeLane, type LaneStage, type RunningLane, route } from '../support/lane-fixture.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, ok } from '../support/scripted-backend.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-Client-Cert: theirs\r\n\r\n';

describeLane('client certificates', (stage) => {
  let server: KeyPair;
  let ca: KeyPair;
  let client: KeyPair;
  const bad: Record<string, KeyPair> = {};

  before(async () => {
    ca = await makeCa('client ca');
    server = await makeCert({ ca, cn: 'front', san: ['DNS:app.test'] });
    client = await makeCert({ ca, cn: 'client', client: true });
    bad['of an unknown CA'] = await makeCert({ ca: await makeCa('other'), cn: 'client', client: true });
    bad['that has expired'] = await makeCert({ ca, cn: 'client', client: true, days: -1 });
    bad['for servers only'] = await makeCert({ ca, cn: 'client' });
  });

  const start = (mode: 'none' | 'request' | 'require', xfcc: ForwardedClientCert = 'sanitize_set') =>
    stage.start({
      settings: { forwardedClientCert: xfcc },
      tls: aFrontTls([server], { clientCertificates: mode, clientCas: [ca.cert] }),
    });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const mode of ['none', 'request', 'require'] as const) {
      it(`${mode}, ${version}: a good one is let in`, async () => {
        const lane = await start(mode);
        const seen = await forwarded(stage, lane, { ...client, maxVersion: version });
        const der = new X509Certificate(client.cert).raw.toString('base64');
        expect(seen).to.deep.equal(mode === 'none' ? [] : [der]);
      });

      it(`${mode}, ${version}: a client without one`, async () => {
        const lane = await start(mode);
        const options = { maxVersion: version };
        if (mode !== 'require') expect(await forwarded(stage, lane, options)).to.deep.equal([]);
        else expect(await refusedBy(lane, stage, options)).to.match(/peer did not return a certificate/);
      });

      for (const kind of ['of an unknown CA', 'that has expired', 'for servers only']) {
        it(`${mode}, ${version}: one ${kind}`, async () => {
          const lane = await start(mode);
          const options = { ...bad[kind]!, maxVersion: version };
          if (mode === 'none') expect(await forwarded(stage, lane, options)).to.deep.equal([]);
          else await refusedBy(lane, stage, options);
        });
      }
    }
  }

  it('are told to endpoints of clients that speak HTTP/2, too', async () => {
    const lane = await start('require');
    const backend = await stage.backend(answering(ok()));
    route(lane, 'app.test', [backend]);
    const session = connectHttp2(`https://127.0.0.1:${lane.tlsPort}`, {
      rejectUnauthorized: false,
      ...client,
    });
    stage.closing(() => session.destroy());
    for (let i = 0; i < 2; i += 1) {
      const stream = session.request({ ':authority': 'app.test', 'x-forwarded-client-cert': 'theirs' });
      await once(stream, 'response');
      stream.resume();
      await once(stream, 'close');
    }
    const der = new X509Certificate(client.cert).raw.toString('base64');
    const seen = [...backend.received.matchAll(/\r\nx-forwarded-client-cert: ([^\r]*)/gi)];
    expect(seen.map(([, value]) => value)).to.deep.equal([der, der]);
  });

  it('are told in every mode of X-Forwarded-Client-Cert', async () => {
    const der = new X509Certificate(client.cert).raw.toString('base64');
    const modes = {
      always_forward: { with: ['theirs'], without: ['theirs'] },
      forward: { with: ['theirs'], without: [] },
      sanitize_set: { with: [der], without: [] },
    } as const;
    for (const mode of ['always_forward', 'forward', 'sanitize_set'] as const) {
      const lane = await start('request', mode);
      expect(await forwarded(stage, lane, client), mode).to.deep.equal(modes[mode].with);
      expect(await forwarded(stage, lane, {}), mode).to.deep.equal(modes[mode].without);
    }
  });
});

/** The values of X-Forwarded-Client-Cert that reach the endpoint. */
async function forwarded(
  stage: LaneStage,
  lane: RunningLane,
  options: ConnectionOptions,
): Promise<readonly string[]> {
  const backend = await stage.backend(answering(ok()));
  route(lane, 'app.test', [backend]);
  const client = await RawClient.connectTls(lane.tlsPort, stage.closing, options);
  expect((await client.ask(GET)).startLine).to.equal('HTTP/1.1 200 OK');
  return [...backend.received.matchAll(/\r\nX-Forwarded-Client-Cert: ([^\r]*)/g)].map(([, value]) => value!);
}

/** What the log says of a client that is not let in. */
async function refusedBy(lane: RunningLane, stage: LaneStage, options: ConnectionOptions): Promise<unknown> {
  const client = await RawClient.connectTls(lane.tlsPort, stage.closing, options).catch(() => undefined);
  // With TLS 1.3 a client hears of it at its first read.
  if (client !== undefined) {
    await client.send(GET);
    if (!client.reader.closed) await once(client.socket, 'close').catch(() => {});
    expect(client.reader.text).to.equal('');
  }
  expect(lane.records).to.deep.equal([]);
  const line = await until(
    () => lane.lines.find(({ message }) => message === 'tls-handshake-error'),
    'the line about it',
  );
  return line.data.error;
}
