import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { addressOf } from '../../lib/front/address.ts';
import { Front, type ListenerSettings } from '../../lib/front/front.ts';
import { EndpointStates } from '../../lib/health/endpoint-states.ts';
import type { LaneDeps } from '../../lib/lanes/lane.ts';
import { Lanes } from '../../lib/lanes/lanes.ts';
import { type CounterValues, workerCounters } from '../../lib/request/counters.ts';
import type { RequestRecord } from '../../lib/request/record.ts';
import type { RequestSettings } from '../../lib/request/settings.ts';
import type { Endpoint } from '../../lib/routes/endpoint.ts';
import type { PoolSettings } from '../../lib/routes/pool.ts';
import { RouteTable } from '../../lib/routes/route-table.ts';
import type { FrontTls } from '../../lib/tls/front-tls.ts';
import { closingAfterEach } from './closing.ts';
import { anEndpoint, aPool } from './endpoint-fixture.ts';
import { RawClient } from './raw-client.ts';
import { type LoggedLine, recordingLogger } from './recording-logger.ts';
import { type Script, ScriptedBackend } from './scripted-backend.ts';
import { until } from './until.ts';

export interface LaneOptions {
  readonly settings?: Partial<RequestSettings>;
  readonly endpoints?: Partial<LaneDeps['endpoints']>;
  readonly front?: Partial<LaneDeps['front']>;
  readonly healthy?: () => boolean;
  /** Adds a listener with TLS. */
  readonly tls?: FrontTls;
  readonly listeners?: Partial<Pick<ListenerSettings, 'handshakeTimeoutMs' | 'proxyProtocol'>>;
}

export interface EndpointFailedReport {
  readonly key: string;
  readonly address: string;
  readonly verdict: 'mark' | 'prune';
  readonly error: string;
}

/** A lane that listens on a port of its own, with everything it tells others. */
export interface RunningLane {
  /** Gives it a connection that somebody else accepted; one on which HTTP/2 was agreed counts as TLS. */
  takeOver(socket: Socket, protocol?: 'h2'): void;
  readonly port: number;
  /** 0 without `tls`. */
  readonly tlsPort: number;
  readonly table: RouteTable;
  readonly states: EndpointStates;
  readonly counters: CounterValues;
  readonly records: RequestRecord[];
  readonly reports: EndpointFailedReport[];
  readonly lines: LoggedLine[];
  figures(): {
    activeRequests: number;
    openConnections: number;
    openTunnels: number;
    idleEndpointConnections: number;
  };
  /** What stands before the lane. */
  readonly front: Front;
  /** Connections that are still at the door. */
  enteringCount(): number;
  drain(): Promise<void>;
  endTunnels(ms: number): void;
  stop(): void;
}

/** Starts a lane; the caller stops it. */
export type StartLane = (options: LaneOptions) => Promise<RunningLane>;

export const LANE_SETTINGS: RequestSettings = {
  forceForwardedProtoHttps: false,
  sanitizeForwardedProto: false,
  forwardedClientCert: 'always_forward',
  hopByHopHeadersToFilter: new Set(),
  stickyCookieNames: new Set(['JSESSIONID']),
  stickyForAuthNegotiate: false,
  secureCookies: false,
  healthcheckUserAgent: 'HTTP-Monitor/1.1',
  maxRequestHeaderBytes: 1_048_576,
  maxRequestHeaders: 0,
  maxResponseHeaderBytes: 10_485_760,
  responseHeadProblem: undefined,
  maxAttempts: 3,
  maxConns: 0,
  defaultAlgorithm: 'round-robin',
  zonePreference: 'none',
  zone: '',
  emptyPoolCode503: true,
  traceKey: '',
  routerIp: '10.0.0.9',
  staleThresholdMs: 120_000,
  disableKeepAlives: false,
  extraHeadersToLog: [],
  upgradeProtocols: undefined,
  trace: undefined,
  rewrite: undefined,
  errorPage: undefined,
};

export const startGeneralLane: StartLane = (options) => startLanes(options, false);
export const startFastLane: StartLane = (options) => startLanes(options, true);

async function startLanes(options: LaneOptions, fast: boolean): Promise<RunningLane> {
  const table = new RouteTable();
  const states = new EndpointStates(() => 0);
  const counters = workerCounters();
  const records: RequestRecord[] = [];
  const reports: EndpointFailedReport[] = [];
  const logger = recordingLogger();
  const settings = { ...LANE_SETTINGS, ...options.settings };
  const lane = new Lanes(
    {
      table: () => table,
      states,
      settings,
      endpoints: {
        dialTimeoutMs: 5_000,
        endpointTimeoutMs: 60_000,
        http2EndpointTimeoutMs: 60_000,
        websocketDialTimeoutMs: 5_000,
        tlsHandshakeTimeoutMs: 10_000,
        maxIdle: 100,
        maxIdlePerHost: 100,
        idleTimeoutMs: 90_000,
        disableKeepAlives: settings.disableKeepAlives,
        keepAliveProbeMs: 1_000,
        ca: [],
        ...options.endpoints,
      },
      front: {
        idleTimeoutMs: 900_000,
        headTimeoutMs: 0,
        maxHeaderBytes: 1_052_672,
        bodyRate: undefined,
        ...options.front,
      },
      counters,
      onFinished: (record) => records.push(record),
      onEndpointFailed: (key, address, verdict, error) => reports.push({ key, address, verdict, error }),
      healthy: options.healthy ?? (() => true),
      logger,
      now: Date.now,
      random: () => 0,
    },
    fast,
  );
  const front = new Front(
    { plain: true, tls: options.tls, proxyProtocol: false, handshakeTimeoutMs: 10_000, ...options.listeners },
    {
      protocols: lane.protocols,
      accept: (socket, origin, protocol) => lane.accept(socket, origin, protocol),
      logger,
    },
  );
  for (const server of front.servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  return {
    takeOver: (socket, protocol) =>
      lane.accept(socket, { ...addressOf(socket), tls: protocol === 'h2', certificate: '' }, protocol),
    port: portOf(front.http),
    tlsPort: portOf(front.https),
    table,
    states,
    counters,
    records,
    reports,
    lines: logger.lines,
    figures: () => lane.figures(),
    front,
    enteringCount: () => front.enteringCount,
    drain: () => lane.drain(front.drain()),
    endTunnels: (ms) => lane.endTunnels(ms),
    stop: () => {
      front.stop();
      lane.stop();
    },
  };
}

function portOf(server: Server | undefined): number {
  return (server?.address() as AddressInfo | null)?.port ?? 0;
}

/** What a conformance test works with. Everything started through it ends with the test. */
export interface LaneStage {
  readonly which: 'general' | 'fast';
  start(options?: LaneOptions): Promise<RunningLane>;
  backend(script: Script, tls?: TlsOptions): Promise<ScriptedBackend>;
  client(lane: RunningLane): Promise<RawClient>;
  closing(close: () => unknown): void;
}

/** The lanes that have to agree. */
const LANES: readonly { readonly which: LaneStage['which']; readonly start: StartLane }[] = [
  { which: 'general', start: startGeneralLane },
  { which: 'fast', start: startFastLane },
];

/** Declares tests that every lane must pass. */
export function describeLane(title: string, tests: (stage: LaneStage) => void): void {
  for (const { which, start } of LANES) {
    describe(`${which} lane: ${title}`, () => {
      const closing = closingAfterEach();
      tests({
        which,
        start: async (options = {}) => {
          const lane = await start(options);
          closing(() => lane.stop());
          return lane;
        },
        backend: (script, tls) => ScriptedBackend.start(script, closing, tls === undefined ? {} : { tls }),
        client: (lane) => RawClient.connect(lane.port, closing),
        closing,
      });
    });
  }
}

/** Puts backends behind a route key. */
export function route(
  lane: RunningLane,
  key: string,
  backends: readonly ({ readonly port: number } & Partial<Endpoint>)[],
  settings: Partial<PoolSettings> = {},
): readonly Endpoint[] {
  const endpoints = backends.map((backend, index) => {
    const { port } = backend;
    const fields: Partial<Endpoint> = backend instanceof ScriptedBackend ? { port } : backend;
    return anEndpoint({ host: '127.0.0.1', instanceIndex: String(index), ...fields });
  });
  lane.table.set(aPool(key, endpoints, settings));
  return endpoints;
}

/** The record of the only finished request, or of the nth. */
export async function recordOf(lane: RunningLane, index = 0): Promise<RequestRecord> {
  return until(() => lane.records[index], 'the access record');
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
