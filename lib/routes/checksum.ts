import type { Endpoint } from './endpoint.ts';
import type { Pool, PoolSettings } from './pool.ts';

/**
 * The checksum of a table is the sum, modulo 2^48, of one hash per pool and one per endpoint in a pool. A sum
 * can be carried along with each change and does not depend on the order in which a table was built, which is
 * what a primary and a worker that replayed a different part of the log need in order to agree.
 */
const MODULUS = 2 ** 48;

export function addToChecksum(sum: number, hash: number): number {
  return (sum + hash) % MODULUS;
}

export function takeFromChecksum(sum: number, hash: number): number {
  return (sum - hash + MODULUS) % MODULUS;
}

/** Hash of a pool's being there with these settings, 48 bits. */
export function settingsHash(key: string, settings: PoolSettings): number {
  start();
  mix(key);
  mix(settings.contextPath);
  mix(settings.routeServiceUrl);
  mix(settings.algorithm);
  mix(settings.hashHeader);
  mix(String(settings.hashBalance));
  return finish();
}

/** Hash of an endpoint's being in a pool, 48 bits, over all of its fields. */
export function endpointHash(key: string, endpoint: Endpoint): number {
  start();
  mix(key);
  mix(endpoint.address);
  mix(endpoint.tls ? 's' : 'p');
  mix(endpoint.appId);
  mix(endpoint.instanceId);
  mix(endpoint.instanceIndex);
  mix(endpoint.serverCertDomainSan);
  mix(endpoint.protocol);
  mix(endpoint.availabilityZone);
  mix(endpoint.isolationSegment);
  mix(endpoint.routeServiceUrl);
  mix(String(endpoint.staleThresholdMs));
  mix(endpoint.updatedAtNs);
  const { tags, options } = endpoint;
  if (tags !== null) {
    for (const name in tags) {
      mix(name);
      mix(tags[name]!);
    }
  }
  mix(options.loadbalancing);
  if (options.loadbalancing !== '' || options.slowStart !== undefined) {
    mix(options.hashHeader);
    mix(String(options.hashBalance));
    mix(String(options.slowStart));
  }
  return finish();
}

/** Sum over a whole pool. */
export function poolHash(pool: Pool): number {
  let sum = settingsHash(pool.key, pool.settings);
  for (const endpoint of pool.endpoints) sum = addToChecksum(sum, endpointHash(pool.key, endpoint));
  return sum;
}

// Two 32-bit multiplicative hashes run side by side; module state instead of an object per call, because
// this runs once per endpoint of a table of 100,000 while nothing else may wait for it.
let low = 0;
let high = 0;

function start(): void {
  low = 0x811c9dc5;
  high = 0x9e3779b9;
}

function mix(text: string): void {
  let a = low;
  let b = high;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
  }
  // A separator outside of the text's alphabet, so that 'ab','c' and 'a','bc' differ.
  low = Math.imul(a ^ 0x10000, 0x01000193);
  high = Math.imul(b ^ 0x10000, 0x85ebca6b);
}

function finish(): number {
  let a = low ^ (high >>> 15);
  a = Math.imul(a ^ (a >>> 16), 0x7feb352d);
  a ^= a >>> 15;
  const b = Math.imul(high ^ (low >>> 13), 0x846ca68b);
  return (a >>> 0) + ((b ^ (b >>> 16)) & 0xffff) * 2 ** 32;
}
