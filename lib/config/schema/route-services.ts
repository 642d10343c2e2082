import { boolean, duration, integer, PENDING, port, section, text, texts } from '../option.ts';

/** route-services.md 1, newer.md 5. */
export const routeServices = {
  route_services_secret: text('', 'signs requests to route services; empty = no route services', {
    ...PENDING,
    secret: 'yes',
  }),
  route_services_secret_decrypt_only: text('', 'the secret before, for reading only', {
    ...PENDING,
    secret: 'yes',
  }),
  route_services_timeout: duration(60_000, 'largest age of a signature', PENDING),
  route_services_recommend_https: boolean(false, 'https in X-CF-Forwarded-Url', PENDING),
  route_services_hairpinning: boolean(false, 'call route services of this router directly', PENDING),
  route_services_hairpinning_allowlist: texts([], 'hosts for which that is done; empty = all', PENDING),
  route_services_internal_server_port: port(7070, 'port on loopback for that', PENDING),
  route_services: section(
    {
      max_attempts: integer(0, 'attempts at a route service; below 1 = 1', PENDING),
      strict_signature_validation: boolean(false, 'refuse signatures for another URL', PENDING),
      cert_chain: text('', 'PEM text: client certificate for route services', PENDING),
      private_key: text('', 'PEM text: its key', { ...PENDING, secret: 'yes' }),
      enable_websockets: boolean(false, 'WebSocket through route services', PENDING),
      egress_blocklist: texts([], 'CIDRs that are never connected to for a route service', PENDING),
    },
    'towards route services',
  ),
};
