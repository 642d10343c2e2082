import { RouterError } from '../errors.ts';

/** Why an attempt ends whose client is not there any more. */
export function clientGone(): RouterError {
  return new RouterError('CLIENT_GONE', 'context canceled', { source: 'client' });
}

/** What is wrong with a 101 that nobody asked for. */
export function badUpgrade(): RouterError {
  const text = '101 without the upgrade that was asked for';
  return new RouterError('ENDPOINT_BAD_UPGRADE', text, { source: 'endpoint' });
}
