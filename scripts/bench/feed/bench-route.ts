import { createHash } from 'node:crypto';

/** The routes of a bench: route n is served by an endpoint of its own unless `endpoints` says how many there are. */
export interface RouteSet {
  readonly count: number;
  readonly backendPort: number;
  readonly endpoints?: number;
  /** Endpoints are spoken to by TLS, at this port, and must have a certificate for this name. */
  readonly tls?: { readonly port: number; readonly name: string };
}

export function hostOf(n: number | string): string {
  return `app-${n}.bench.example`;
}

/** A register message as route emitters send it, some 500 bytes of JSON; the same each time for the same route. */
export function registerMessage(n: number, { backendPort, endpoints, tls }: RouteSet): string {
  const hex = createHash('sha1').update(String(n)).digest('hex');
  const app = guid(hex);
  const instance = guid(hex.split('').reverse().join(''));
  return JSON.stringify({
    host: addressOf(endpoints === undefined ? n : n % endpoints),
    port: backendPort,
    uris: [hostOf(n)],
    app,
    private_instance_id: instance,
    private_instance_index: '0',
    server_cert_domain_san: tls?.name ?? instance,
    ...(tls === undefined ? {} : { tls_port: tls.port }),
    tags: { component: 'route-emitter', process_id: app },
    availability_zone: 'z1',
    isolation_segment: '',
    protocol: 'http1',
    endpoint_updated_at_ns: 1_745_000_000_000_000_000,
    options: {},
  });
}

/** All of 127.0.0.0/8 is this host on Linux, so that endpoints have addresses of their own. */
function addressOf(n: number): string {
  const one = n + 257; // from 127.0.1.1 on
  return `127.${(one >> 16) & 255}.${(one >> 8) & 255}.${one & 255}`;
}

function guid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
