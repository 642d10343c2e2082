import { expect } from 'chai';
import type { Config } from '../../../lib/config/schema.ts';
import type { ToWorker } from '../../../lib/ipc/messages.ts';
import { Briefing } from '../../../lib/primary/briefing.ts';
import type { FrontTls } from '../../../lib/tls/front-tls.ts';

// Only passed on: what is in them does not matter here.
const AT_START = { index: 0 } as Config;
const RENEWED = { index: 1 } as Config;
const TLS = {} as FrontTls;

describe('Briefing', () => {
  let told: ToWorker[];
  let briefing: Briefing;

  beforeEach(() => {
    told = [];
    briefing = new Briefing({
      config: AT_START,
      workers: 2,
      routerIp: '10.0.0.1',
      errorPage: 'page',
      tellAll: (message) => told.push(message),
    });
  });

  it('tells a first worker who it is before all else, and nothing that was never set', () => {
    expect([...briefing.messages(1)]).to.deep.equal([
      { type: 'configure', config: AT_START, slot: 1, workers: 2, routerIp: '10.0.0.1', errorPage: 'page' },
      { type: 'health', healthy: false },
    ]);
    expect(told).to.deep.equal([]);
  });

  it('tells news to those that run, and the last of each kind to those that start later', () => {
    briefing.health(true);
    briefing.logLevel('debug');
    briefing.logLevel('warn');
    briefing.ticketKeys(['old']);
    briefing.ticketKeys(['new', 'old']);
    briefing.frontTls(RENEWED, TLS);
    expect(told).to.deep.equal([
      { type: 'health', healthy: true },
      { type: 'log-level', level: 'debug' },
      { type: 'log-level', level: 'warn' },
      { type: 'ticket-keys', keys: ['old'] },
      { type: 'ticket-keys', keys: ['new', 'old'] },
      { type: 'front-tls', tls: TLS },
    ]);
    expect([...briefing.messages(0)]).to.deep.equal([
      { type: 'configure', config: RENEWED, slot: 0, workers: 2, routerIp: '10.0.0.1', errorPage: 'page' },
      { type: 'ticket-keys', keys: ['new', 'old'] },
      { type: 'health', healthy: true },
      { type: 'log-level', level: 'warn' },
    ]);
  });
});
