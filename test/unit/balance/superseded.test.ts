import { expect } from 'chai';
import { supersededEndpoints } from '../../../lib/balance/superseded.ts';
import type { Endpoint } from '../../../lib/routes/endpoint.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';

describe('supersededEndpoints', () => {
  const older = { instanceId: 'old', updatedAtNs: '999' };
  const newer = { instanceId: 'new', updatedAtNs: '1000' };
  const cases: readonly {
    readonly name: string;
    readonly endpoints: readonly Partial<Endpoint>[];
    readonly expect: readonly number[];
  }[] = [
    { name: 'the older of two', endpoints: [older, newer], expect: [0] },
    { name: 'the older of two in the other order', endpoints: [newer, older], expect: [1] },
    {
      name: 'all but the newest',
      endpoints: [older, newer, { instanceId: 'newest', updatedAtNs: '1001' }],
      expect: [0, 1],
    },
    { name: 'none of different indexes', endpoints: [older, { ...newer, instanceIndex: '1' }], expect: [] },
    { name: 'none of different apps', endpoints: [older, { ...newer, appId: 'b' }], expect: [] },
    {
      name: 'none of different processes, as in a rolling deployment',
      endpoints: [
        { ...older, tags: { process_id: 'p' } },
        { ...newer, tags: { process_id: 'q' } },
      ],
      expect: [],
    },
    { name: 'none with one instance id', endpoints: [older, { ...newer, instanceId: 'old' }], expect: [] },
    { name: 'none without times', endpoints: [{ instanceId: 'x' }, newer], expect: [] },
    { name: 'none of one time', endpoints: [older, { ...newer, updatedAtNs: '999' }], expect: [] },
    {
      name: 'none without app',
      endpoints: [
        { ...older, appId: '' },
        { ...newer, appId: '' },
      ],
      expect: [],
    },
  ];
  for (const { name, endpoints, expect: expected } of cases) {
    it(`are ${name}`, () => {
      const pool = aPool(
        'a.com',
        endpoints.map((fields, i) => anEndpoint({ ...fields, port: i + 1 })),
      );
      const indexes = [...supersededEndpoints(pool)].map((endpoint) => pool.endpoints.indexOf(endpoint));
      expect(indexes).to.have.members(expected);
    });
  }
});
