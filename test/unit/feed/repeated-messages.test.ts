import { expect } from 'chai';
import { RepeatedMessages } from '../../../lib/feed/repeated-messages.ts';
import { aRegistration } from '../../support/endpoint-fixture.ts';

const payload = (text: string): Uint8Array => Buffer.from(text);

describe('RepeatedMessages', () => {
  it('knows a message again, and no other', () => {
    const messages = new RepeatedMessages();
    const registrations = Array.from({ length: 5000 }, (_, i) => aRegistration([`app-${i}.com`]));
    registrations.forEach((registration, i) => {
      expect(messages.recall(payload(`{"uris":["app-${i}.com"]}`))).to.equal(undefined);
      messages.remember(registration);
    });
    registrations.forEach((registration, i) => {
      const known = messages.recall(payload(`{"uris":["app-${i}.com"]}`));
      expect(known?.uris).to.deep.equal(registration.uris);
      expect(known?.endpoint).to.equal(registration.endpoint);
    });
  });

  it('knows a message about several routes again, with all of them', () => {
    const messages = new RepeatedMessages();
    const registration = aRegistration(['a.com', 'b.com/path', 'c.com']);
    messages.recall(payload('several'));
    messages.remember(registration);
    expect(messages.recall(payload('several'))).to.equal(registration);
  });

  it('tells messages apart that differ in one byte, in order or in length', () => {
    const messages = new RepeatedMessages();
    messages.recall(payload('abcdef'));
    messages.remember(aRegistration(['a.com']));
    for (const other of ['abcdeg', 'bacdef', 'abcdef\0', 'abcde', '']) {
      expect(messages.recall(payload(other)), other).to.equal(undefined);
    }
  });

  it('forgets what was not repeated for a generation, and keeps what was', () => {
    const messages = new RepeatedMessages(10);
    const kept = aRegistration(['kept.com']);
    messages.recall(payload('kept'));
    messages.remember(kept);
    messages.recall(payload('lost'));
    messages.remember(aRegistration(['lost.com']));
    for (let i = 0; i < 40; i += 1) {
      messages.recall(payload(`other ${i}`));
      messages.remember(aRegistration([`other-${i}.com`]));
      if (i % 5 === 0) expect(messages.recall(payload('kept'))?.endpoint).to.equal(kept.endpoint);
    }
    expect(messages.recall(payload('lost'))).to.equal(undefined);
  });
});
