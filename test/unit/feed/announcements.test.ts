import { expect } from 'chai';
import { Announcements, type Outlet } from '../../../lib/feed/announcements.ts';
import type { StartMessage } from '../../../lib/feed/start-message.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

const START = { id: 'r1' } as unknown as StartMessage;

class FakeOutlet implements Outlet {
  readonly said: [string, string | Uint8Array][] = [];
  closed = false;

  isClosed(): boolean {
    return this.closed;
  }

  publish(subject: string, payload: string | Uint8Array): void {
    this.said.push([subject, payload]);
  }
}

describe('Announcements', () => {
  const options = { startMessage: () => START, component: () => '{"type":"Router"}' };

  it('say the start message to all, and to who greets', () => {
    const outlet = new FakeOutlet();
    const announcements = new Announcements(options, recordingLogger());
    announcements.start(outlet);
    announcements.answerGreeting('_INBOX.1', outlet);
    announcements.answerGreeting('', outlet); // nobody waits for it
    expect(outlet.said).to.deep.equal([
      ['router.start', '{"id":"r1"}'],
      ['_INBOX.1', '{"id":"r1"}'],
    ]);
  });

  it('tell the component where the router is one', () => {
    const outlet = new FakeOutlet();
    new Announcements(options, recordingLogger()).component('_INBOX.2', outlet);
    new Announcements({ startMessage: () => START }, recordingLogger()).component('_INBOX.3', outlet);
    expect(outlet.said).to.deep.equal([['_INBOX.2', '{"type":"Router"}']]);
  });

  it('say nothing without a connection, and nothing on one that is closed', () => {
    const outlet = new FakeOutlet();
    outlet.closed = true;
    const logger = recordingLogger();
    const announcements = new Announcements(options, logger);
    announcements.start(undefined);
    announcements.publish('router.active_apps', new Uint8Array(1), outlet);
    expect(outlet.said).to.deep.equal([]);
    expect(logger.lines).to.deep.equal([]);
  });

  it('log what cannot be said, and go on', () => {
    const outlet = new FakeOutlet();
    const logger = recordingLogger();
    const error = new Error('too large');
    const component = (): never => {
      throw error;
    };
    const announcements = new Announcements({ ...options, component }, logger);
    announcements.component('_INBOX.4', outlet);
    announcements.start(outlet);
    expect(logger.lines.map(({ level, message, data }) => ({ level, message, data }))).to.deep.equal([
      { level: 'error', message: 'nats-publish-failed', data: { error, subject: '_INBOX.4' } },
    ]);
    expect(outlet.said.map(([subject]) => subject)).to.deep.equal(['router.start']);
  });
});
