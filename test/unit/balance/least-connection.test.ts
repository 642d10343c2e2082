import { expect } from 'chai';
import { leastConnection } from '../../../lib/balance/least-connection.ts';
import { EndpointStates } from '../../../lib/health/endpoint-states.ts';
import type { Endpoint } from '../../../lib/routes/endpoint.ts';
import { describePicker, shares } from '../../support/describe-picker.ts';
import { anEndpoint } from '../../support/endpoint-fixture.ts';

describePicker('least-connection', leastConnection);

describe('leastConnection', () => {
  const [a, b, c] = [1, 2, 3].map((port) => anEndpoint({ port })) as [Endpoint, Endpoint, Endpoint];

  it('picks the endpoint with the fewest requests on their way', () => {
    const states = new EndpointStates();
    for (const endpoint of [a, a, b, c, c]) states.begin(endpoint);
    expect(shares(leastConnection, [a, b, c], { states })).to.deep.equal({ [b.address]: 600 });
  });

  it('leaves ties to chance', () => {
    const states = new EndpointStates();
    states.begin(b);
    const counts = shares(leastConnection, [a, b, c], { states });
    expect(counts[b.address]).to.equal(undefined);
    for (const endpoint of [a, c]) expect(counts[endpoint.address]).to.be.within(240, 360);
  });

  it('does not look at failure marks', () => {
    const states = new EndpointStates();
    states.mark('a.com', a.address, 1_000);
    states.begin(b);
    expect(shares(leastConnection, [a, b], { states })).to.deep.equal({ [a.address]: 600 });
  });
});
