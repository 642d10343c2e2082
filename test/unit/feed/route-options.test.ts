import { expect } from 'chai';
import { parseRegistration } from '../../../lib/feed/message.ts';
import { type EndpointOptions, NO_OPTIONS } from '../../../lib/routes/endpoint.ts';

function parse(options: string) {
  const result = parseRegistration(`{"host":"a","uris":["x"],"options":${options}}`, {
    enableHttp2: true,
    staleThresholdMs: 120_000,
  });
  if (!result.ok) throw new Error(`the endpoint was lost: ${result.error}`);
  expect(result.registration.uris).to.deep.equal(['x']);
  return result;
}

describe('options of a register message', () => {
  const quiet: { given: string; expect?: Partial<EndpointOptions> }[] = [
    { given: '{}' },
    { given: 'null' },
    { given: '{"loadbalancing":""}' },
    { given: '{"loadbalancing":null,"hash_header":null,"hash_balance":null}' },
    { given: '{"hash_balance":""}' },
    { given: '{"hash_balance":0}' },
    { given: '{"hash_balance":"-3"}' },
    { given: '{"route_policy_scope":"any","session-cookie":17,"x":[1]}' },
    { given: '{"loadbalancing":"round-robin"}', expect: { loadbalancing: 'round-robin' } },
    { given: '{"LoadBalancing":"round-robin"}', expect: { loadbalancing: 'round-robin' } },
    { given: '{"loadbalancing":"no such thing"}', expect: { loadbalancing: 'no such thing' } },
    {
      given: '{"loadbalancing":"hash","hash_header":"X-Tenant","hash_balance":"1.2"}',
      expect: { loadbalancing: 'hash', hashHeader: 'X-Tenant', hashBalance: 1.2 },
    },
    { given: '{"hash_balance":1.2}', expect: { hashBalance: 1.2 } },
    { given: '{"hash_balance":2}', expect: { hashBalance: 2 } },
    { given: '{"hash_balance":"+15e-1"}', expect: { hashBalance: 1.5 } },
    { given: '{"slow_start":"30"}', expect: { slowStart: 30 } },
    { given: '{"slow_start":0.5}', expect: { slowStart: 0.5 } },
    { given: '{"slow_start":"0"}', expect: { slowStart: 0 } },
    { given: '{"slow_start":-1}', expect: { slowStart: 0 } },
    { given: '{"slow_start":""}' },
    { given: '{"slow_start":null}' },
  ];
  for (const { given, expect: wanted } of quiet) {
    it(`reads ${given} without complaint`, () => {
      const result = parse(given);
      expect(result.optionProblems).to.deep.equal([]);
      expect(result.registration.endpoint.options).to.deep.equal({ ...NO_OPTIONS, ...wanted });
    });
  }

  const bad: { given: string; option: string; value: unknown; expect?: Partial<EndpointOptions> }[] = [
    { given: '{"slow_start":"soon"}', option: 'slow_start', value: 'soon' },
    { given: '{"slow_start":86401}', option: 'slow_start', value: 86_401 },
    { given: '{"slow_start":true}', option: 'slow_start', value: true },
    {
      given: '{"loadbalancing":5,"hash_header":"X"}',
      option: 'loadbalancing',
      value: 5,
      expect: { hashHeader: 'X' },
    },
    { given: '{"loadbalancing":1.5}', option: 'loadbalancing', value: 1.5 },
    {
      given: '{"hash_header":["X"],"loadbalancing":"hash"}',
      option: 'hash_header',
      value: ['X'],
      expect: { loadbalancing: 'hash' },
    },
    {
      given: '{"hash_balance":"much","hash_header":"X"}',
      option: 'hash_balance',
      value: 'much',
      expect: { hashHeader: 'X' },
    },
    { given: '{"hash_balance":"0x10"}', option: 'hash_balance', value: '0x10' },
    { given: '{"hash_balance":"Infinity"}', option: 'hash_balance', value: 'Infinity' },
    { given: '{"hash_balance":true}', option: 'hash_balance', value: true },
    { given: '{"hash_balance":1e999}', option: 'hash_balance', value: Number.POSITIVE_INFINITY },
    { given: '"round-robin"', option: 'options', value: 'round-robin' },
    { given: '[]', option: 'options', value: [] },
    { given: '1.5', option: 'options', value: 1.5 },
  ];
  for (const { given, option, value, expect: wanted } of bad) {
    it(`leaves out only the bad entry of ${given}`, () => {
      const result = parse(given);
      expect(result.optionProblems).to.have.length(1);
      expect(result.optionProblems[0]).to.deep.include({ option, value });
      expect(result.optionProblems[0]?.reason).to.match(/must be|is not/);
      expect(result.registration.endpoint.options).to.deep.equal({ ...NO_OPTIONS, ...wanted });
    });
  }
});
