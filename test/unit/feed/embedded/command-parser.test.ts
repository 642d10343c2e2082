import { expect } from 'chai';
import { CommandParser, type Commands } from '../../../../lib/feed/embedded/command-parser.ts';

/** Everything the parser understood, and the text of the fault that ended it. */
function understand(pieces: readonly Buffer[], options: { maxPayload?: number; connectOnly?: boolean } = {}) {
  const understood: unknown[] = [];
  const commands: Commands = {
    connect: (json) => {
      understood.push(['connect', json]);
      return undefined;
    },
    ping: () => understood.push(['ping']),
    pong: () => understood.push(['pong']),
    subscribe: (...args) => understood.push(['subscribe', ...args]),
    unsubscribe: (...args) => understood.push(['unsubscribe', ...args]),
    publish: (...args) => understood.push(['publish', ...args]),
  };
  const parser = new CommandParser(commands, { maxPayload: 1000, connectOnly: false, ...options });
  for (const piece of pieces) {
    const fault = parser.push(piece);
    if (fault !== undefined) return { understood, fault: fault.error };
  }
  return { understood, fault: undefined };
}

const SESSION = Buffer.from(
  'CONNECT {"verbose":true}\r\nPING\r\nSUB a.* q 1\r\nsub b 2\nPUB a.b r.x 11\r\nPUB x 2\r\n\r\n\r\nPUB c 0\r\n\r\n' +
    'UNSUB 1\r\nUNSUB 2 17\r\nPONG\r\n+OK\r\nINFO {}\r\npub\td\t3\r\n\xff\x00\n\r\nPING\r\n',
  'latin1',
);
const UNDERSTOOD = [
  ['connect', '{"verbose":true}'],
  ['ping'],
  ['subscribe', 'a.*', 'q', '1'],
  ['subscribe', 'b', '', '2'],
  ['publish', 'a.b', 'r.x', 'PUB x 2\r\n\r\n'],
  ['publish', 'c', '', ''],
  ['unsubscribe', '1', 0],
  ['unsubscribe', '2', 17],
  ['pong'],
  ['publish', 'd', '', '\xff\x00\n'],
  ['ping'],
];

describe('CommandParser', () => {
  it('reads a whole session', () => {
    expect(understand([SESSION])).to.deep.equal({ understood: UNDERSTOOD, fault: undefined });
  });

  it('reads it the same in two pieces, wherever it is cut', () => {
    for (let cut = 1; cut < SESSION.length; cut += 1) {
      const result = understand([SESSION.subarray(0, cut), SESSION.subarray(cut)]);
      expect(result, `cut at ${cut}`).to.deep.equal({ understood: UNDERSTOOD, fault: undefined });
    }
  });

  it('reads it the same in pieces of any size', () => {
    for (const size of [1, 2, 3, 5, 7, 11]) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < SESSION.length; at += size) pieces.push(SESSION.subarray(at, at + size));
      expect(understand(pieces), `pieces of ${size}`).to.deep.equal({
        understood: UNDERSTOOD,
        fault: undefined,
      });
    }
  });

  it('keeps nothing of the bytes it was given', () => {
    const piece = Buffer.from('PUB a 4\r\nab');
    const rest = Buffer.from('cd\r\n');
    const understood: string[] = [];
    const ignore = () => undefined;
    const parser = new CommandParser(
      {
        connect: ignore,
        ping: ignore,
        pong: ignore,
        subscribe: ignore,
        unsubscribe: ignore,
        publish: (_s, _r, payload) => understood.push(payload),
      },
      { maxPayload: 10, connectOnly: false },
    );
    parser.push(piece);
    piece.fill(0);
    parser.push(rest);
    expect(understood).to.deep.equal(['abcd']);
  });

  const faults: { name: string; given: string; fault: string; connectOnly?: boolean }[] = [
    { name: 'a first byte that begins no verb', given: 'X', fault: 'Unknown Protocol Operation' },
    { name: 'a verb that goes wrong', given: 'SUG', fault: 'Unknown Protocol Operation' },
    { name: 'a verb that is too long', given: 'PUBS a 1\r\n', fault: 'Unknown Protocol Operation' },
    {
      name: 'headers, which are not offered',
      given: 'HPUB a 12 12\r\n',
      fault: 'Unknown Protocol Operation',
    },
    { name: 'an endless line', given: `SUB ${'a'.repeat(4110)}`, fault: 'maximum control line exceeded' },
    {
      name: 'a line that is too long',
      given: `SUB ${'a'.repeat(4097)}\r\n`,
      fault: 'maximum control line exceeded',
    },
    { name: 'a payload over the limit', given: 'PUB a 1001\r\n', fault: 'Maximum Payload Violation' },
    { name: 'a payload without its end', given: 'PUB a 1\r\nabc', fault: 'Unknown Protocol Operation' },
    { name: 'a size beyond all numbers', given: `PUB a ${'9'.repeat(30)}\r\n`, fault: '' },
    {
      name: 'anything before CONNECT from a stranger',
      given: 'PING\r\n',
      fault: 'Authorization Violation',
      connectOnly: true,
    },
    {
      name: 'the first byte of anything else from a stranger',
      given: 's',
      fault: 'Authorization Violation',
      connectOnly: true,
    },
  ];
  for (const { name, given, fault, connectOnly = false } of faults) {
    it(`refuses ${name}`, () => {
      expect(understand([Buffer.from(given)], { connectOnly })).to.deep.equal({ understood: [], fault });
      const bytes = [...given].map((byte) => Buffer.from(byte));
      expect(understand(bytes, { connectOnly })).to.deep.equal({ understood: [], fault });
    });
  }

  it('reads lines of the longest length allowed', () => {
    const subject = 'a'.repeat(4094);
    const { understood } = understand([Buffer.from(`SUB ${subject} 1\r\n`)]);
    expect(understood).to.deep.equal([['subscribe', subject, '', '1']]);
  });
});
