import type { EndpointView } from '../balance/picker.ts';
import type { Pool } from '../routes/pool.ts';
import type { RouteTable } from '../routes/route-table.ts';
import type { Answer } from './answer.ts';
import {
  connectionLimit,
  emptyHost,
  healthCheck,
  invalidAppInstance,
  invalidProcessInstance,
  noEndpoints,
  routeServiceUnsupported,
  unknownAppInstance,
  unknownProcessInstance,
  unknownRoute,
} from './answer.ts';
import type { RequestHost } from './host.ts';
import { headerValue, type RequestHead } from './request-head.ts';
import type { RequestSettings } from './settings.ts';

/**
 * Key of a throw-away pool: the instances that a header asked for. No pool has it, so cursors, failure marks
 * and reports made under it reach nobody else's balancing (registry.md 9).
 */
export const THROW_AWAY_KEY = '';

const GUID = '[\\da-f]{8}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{12}';
const APP_INSTANCE = new RegExp(`^(${GUID}):(\\d+)$`);
const PROCESS_INSTANCE = new RegExp(`^(${GUID})(?::(\\d+))?$`);

/** The pool that serves a request, or the answer when none does (contract: http.md 3 and 5, in its order). */
export function chooseRoute(
  head: RequestHead,
  route: Pick<RequestHost, 'host' | 'lookupHost' | 'path'>,
  table: RouteTable,
  settings: RequestSettings,
  states: EndpointView,
  healthy: boolean,
): { readonly pool: Pool } | Answer {
  const userAgent = headerValue(head.headers, 'user-agent') ?? '';
  if (userAgent === settings.healthcheckUserAgent) return healthCheck(healthy);
  if (route.lookupHost === '' || isAddress(route.lookupHost, head.clientIp)) return emptyHost();

  const matched = table.match(route.lookupHost, route.path);
  const pool = narrowed(matched, head.headers, route.host);
  if (pool === undefined) return unknownRoute(route.host);
  if ('reason' in pool) return pool;
  if (pool.endpoints.length === 0) {
    return settings.emptyPoolCode503 ? noEndpoints(route.host) : unknownRoute(route.host);
  }
  const { maxConns } = settings;
  if (maxConns > 0 && pool.endpoints.every((endpoint) => states.inFlight(endpoint) >= maxConns)) {
    return connectionLimit(route.host);
  }
  // Such a route's requests are for the service to judge: passing it by would be a way around it.
  if (pool.settings.routeServiceUrl !== '') return routeServiceUnsupported();
  return { pool };
}

/** The pool, cut down to the instances that a header asks for. */
function narrowed(
  pool: Pool | undefined,
  headers: readonly string[],
  host: string,
): Pool | Answer | undefined {
  const wantedApp = headerValue(headers, 'x-cf-app-instance') ?? '';
  if (wantedApp !== '') return appInstance(pool, wantedApp, host);
  const wantedProcess = headerValue(headers, 'x-cf-process-instance') ?? '';
  if (wantedProcess !== '') return processInstances(pool, wantedProcess, host);
  return pool;
}

function appInstance(pool: Pool | undefined, wanted: string, host: string): Pool | Answer {
  const match = APP_INSTANCE.exec(wanted);
  if (match === null) return invalidAppInstance();
  const guid = match[1]!;
  const index = match[2]!;
  const endpoint = pool?.endpoints.findLast((e) => e.appId === guid && e.instanceIndex === index);
  if (pool === undefined || endpoint === undefined) return unknownAppInstance(host, guid, index);
  return { key: THROW_AWAY_KEY, settings: pool.settings, endpoints: [endpoint] };
}

function processInstances(pool: Pool | undefined, wanted: string, host: string): Pool | Answer {
  const match = PROCESS_INSTANCE.exec(wanted);
  if (match === null) return invalidProcessInstance();
  const guid = match[1]!;
  const index: string | undefined = match[2];
  const endpoints =
    pool?.endpoints.filter(
      (e) => e.tags?.process_id === guid && (index === undefined || e.instanceIndex === index),
    ) ?? [];
  if (pool === undefined || endpoints.length === 0) return unknownProcessInstance(host, guid, index);
  return { key: THROW_AWAY_KEY, settings: pool.settings, endpoints };
}

function isAddress(host: string, clientIp: string): boolean {
  return host === clientIp || (host.startsWith('[') && host.slice(1, -1) === clientIp);
}
