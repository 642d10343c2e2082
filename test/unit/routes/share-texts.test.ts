import { expect } from 'chai';
import { shareTexts } from '../../../lib/routes/share-texts.ts';
import { anEndpoint } from '../../support/endpoint-fixture.ts';

describe('shareTexts', () => {
  it('changes nothing of what an endpoint says', () => {
    const fields = {
      appId: 'app-1',
      instanceId: 'instance-1',
      serverCertDomainSan: 'instance-1',
      protocol: 'http2',
      availabilityZone: 'z1',
      isolationSegment: 'segment-1',
      tags: { component: 'route-emitter', process_id: 'app-1', constructor: '' },
    };
    const endpoint = anEndpoint({ ...fields, tags: { ...fields.tags } });
    shareTexts(endpoint);
    expect(endpoint).to.deep.equal(anEndpoint(fields));
  });

  it('leaves an endpoint without tags without tags', () => {
    const endpoint = anEndpoint({ tags: null });
    shareTexts(endpoint);
    expect(endpoint.tags).to.equal(null);
  });
});
