import { isIP } from 'node:net';
import { certificatesOf, keyPairError, validityError } from '../../tls/pem.ts';
import type { Config } from '../schema.ts';
import type { Violation } from './rule.ts';

const PEM_PAIR = 'a PEM certificate chain, leaf first, and the PEM key of the leaf';
const ALLOWLIST_ENTRY = /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/iu;

const API_URI = /^https?:\/\/(?:[^/?#@:[\]\s]+|\[[\da-f:.]+\])$/iu;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/iu;

/** Certificates and addresses of those that the router connects to: tls.md 5 and 6, bus.md 1. */
export function* peerRules(config: Config): Generator<Violation> {
  const { backends, route_services: routeServices, routing_api: api } = config;
  if (backends.cert_chain !== '' && backends.private_key !== '') yield* pair('backends', backends);
  if (routeServices.cert_chain !== '' && routeServices.private_key !== '') {
    yield* pair('route_services', routeServices);
  }
  if (api.uri !== '' && api.port !== 0) {
    yield* pair('routing_api', api);
    if (certificatesOf(api.ca_certs).length === 0) yield noCas('routing_api.ca_certs');
    yield* routingApiRules(config);
  }
  yield* natsRules(config);
  for (const [i, pem] of config.ca_certs.entries()) {
    if (certificatesOf(pem).length > 0) continue;
    yield {
      key: `ca_certs[${i}]`,
      found: 'a text without a usable certificate',
      allowed: 'PEM certificates',
      message: `Error while adding ${i} cert in CACerts to gorouter's cert pool`,
    };
  }
  for (const [i, entry] of config.route_services_hairpinning_allowlist.entries()) {
    if (ALLOWLIST_ENTRY.test(entry)) continue;
    yield {
      key: `route_services_hairpinning_allowlist[${i}]`,
      found: JSON.stringify(entry),
      allowed: 'a host of two or more labels, with or without *. in front',
      message: `allowlist-entry-invalid: ${entry}`,
    };
  }
  for (const [i, entry] of routeServices.egress_blocklist.entries()) {
    if (isCidr(entry)) continue;
    yield {
      key: `route_services.egress_blocklist[${i}]`,
      found: JSON.stringify(entry),
      allowed: 'a network such as 10.0.0.0/8 or fd00::/8',
      message: `invalid CIDR address: ${entry}`,
    };
  }
}

/** operations.md 12. */
function* routingApiRules({ routing_api: api, oauth }: Config): Generator<Violation> {
  const violation = (key: string, found: string, allowed: string, message: string): Violation => ({
    key,
    found,
    allowed,
    message,
    because: 'routing_api',
  });
  if (!API_URI.test(api.uri) || !URL.canParse(`${api.uri}:${api.port}`)) {
    yield violation(
      'routing_api.uri',
      JSON.stringify(api.uri),
      'http://host or https://host; the port stands in routing_api.port',
      `routing_api.uri is not the URL of a host: ${api.uri}`,
    );
  }
  if (api.auth_disabled) return;
  if (oauth.token_endpoint === '' || !URL.canParse(`https://${oauth.token_endpoint}:1`)) {
    yield violation(
      'oauth.token_endpoint',
      oauth.token_endpoint === ''
        ? 'nothing while routing_api is enabled'
        : JSON.stringify(oauth.token_endpoint),
      'the host name of the token server, or routing_api.auth_disabled: true',
      'oauth.token_endpoint must be provided for the routing API',
    );
  }
  if (oauth.port === 0) {
    yield violation(
      'oauth.port',
      '0',
      'the TLS port of the token server, or routing_api.auth_disabled: true',
      'tls-not-enabled: UAA client requires TLS enabled',
    );
  }
}

function* natsRules({ nats }: Config): Generator<Violation> {
  if (nats.hosts.length === 0) {
    yield {
      key: 'nats.hosts',
      found: 'an empty list',
      allowed: 'at least one {hostname, port}, or the section nats.embedded',
      message: 'nats.hosts names no server',
    };
  }
  const { embedded } = nats;
  // An empty one would be all addresses of the host.
  if (embedded !== undefined && isIP(embedded.host) === 0 && !HOST_NAME.test(embedded.host)) {
    yield {
      key: 'nats.embedded.host',
      found: embedded.host === '' ? 'an empty text' : JSON.stringify(embedded.host),
      allowed:
        'an address of this host such as 127.0.0.1, 0.0.0.0 for all of them, or a host name, without a port',
      message: `nats.embedded.host is not a host: ${JSON.stringify(embedded.host)}`,
    };
  }
  if (!nats.tls_enabled) return;
  const error = keyPairError(nats.cert_chain, nats.private_key) ?? validityError(nats.cert_chain, new Date());
  if (error !== undefined) {
    yield {
      key: 'nats.cert_chain',
      found: nats.cert_chain === '' ? 'none while nats.tls_enabled is true' : 'an unusable pair',
      allowed: `${PEM_PAIR}, valid today, in nats.cert_chain and nats.private_key`,
      message: `Error loading NATS key pair: ${error}`,
    };
  }
  if (certificatesOf(nats.ca_certs).length === 0) yield noCas('nats.ca_certs');
  if (embedded !== undefined) {
    yield {
      key: 'nats.tls_enabled',
      found: 'true beside nats.embedded',
      allowed: 'false: the embedded bus does not speak TLS',
      message: 'nats.tls_enabled is true but the embedded bus does not speak TLS',
    };
  }
}

function* pair(
  section: string,
  { cert_chain, private_key }: { readonly cert_chain: string; readonly private_key: string },
): Generator<Violation> {
  const error = keyPairError(cert_chain, private_key);
  if (error === undefined) return;
  yield {
    key: `${section}.cert_chain`,
    found: cert_chain === '' ? 'none' : 'an unusable pair',
    allowed: `${PEM_PAIR}, in ${section}.cert_chain and ${section}.private_key`,
    message: `Error loading key pair: ${error}`,
  };
}

function noCas(key: string): Violation {
  return {
    key,
    found: 'no usable certificate',
    allowed: 'PEM certificates, the only ones that are trusted there',
    message: `${key} holds no usable certificate`,
  };
}

function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/u.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}
