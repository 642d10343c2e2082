import { expect } from 'chai';
import { closingAfterEach } from '../support/closing.ts';
import { HttpBackend } from '../support/http-backend.ts';
import { NatsServer } from '../support/nats-server.ts';
import { RouteEmitter } from '../support/route-emitter.ts';
import { get } from '../support/router-client.ts';
import { RouterProcess } from '../support/router-process.ts';

const SEGMENTS = ['', 'mine', 'yours', 'Mine'];

const CASES: readonly { name: string; config: string; serves: readonly string[] }[] = [
  { name: 'all', config: 'isolation_segments: [mine]', serves: SEGMENTS },
  {
    name: 'segments',
    config: 'routing_table_sharding_mode: segments\nisolation_segments: [mine]',
    serves: ['mine'],
  },
  {
    name: 'segments with the empty one listed',
    config: 'routing_table_sharding_mode: segments\nisolation_segments: ["", yours]',
    serves: ['', 'yours'],
  },
  {
    name: 'shared-and-segments',
    config: 'routing_table_sharding_mode: shared-and-segments\nisolation_segments: [mine]',
    serves: ['', 'mine'],
  },
];

describe('a router of some isolation segments', () => {
  const closing = closingAfterEach();

  for (const { name, config, serves } of CASES) {
    it(`serves what mode ${name} lets in, and no trace of the rest`, async () => {
      const nats = await NatsServer.start(closing);
      const hosts = `nats: {hosts: [{hostname: 127.0.0.1, port: ${nats.port}}]}`;
      const router = await RouterProcess.start(closing, `${hosts}\n${config}`);
      const emitter = await RouteEmitter.start(closing, nats.port, router);
      const { port } = await HttpBackend.start(closing, 'good');
      const uri = (segment: string): string => `s-${SEGMENTS.indexOf(segment)}.test`;
      for (const segment of SEGMENTS) {
        emitter.register({ uris: [uri(segment)], port, isolation_segment: segment });
      }
      await emitter.settled();
      expect(Object.keys(await router.status('/routes'))).to.deep.equal(serves.map(uri).sort());
      for (const segment of SEGMENTS) {
        expect((await get(router, uri(segment))).status, segment).to.equal(
          serves.includes(segment) ? 200 : 404,
        );
      }
      await router.said('endpoint-registered', ({ data }) => data.uri === uri(serves.at(-1)!));
      const registered = router.lines.filter(({ message }) => message === 'endpoint-registered');
      expect(registered.map(({ data }) => data.uri)).to.deep.equal(serves.map(uri));
      // An unregister from outside removes nothing inside.
      const outside = SEGMENTS.find((segment) => !serves.includes(segment));
      if (outside === undefined) return;
      emitter.unregister({ uris: [uri(serves[0]!)], port, isolation_segment: outside });
      await emitter.settled();
      expect((await get(router, uri(serves[0]!))).status).to.equal(200);
    });
  }
});
