/** What a client may ask for. Texts are latin1: each character is one byte of the wire, passed on as it came. */
export interface Commands {
  connect(json: string): ProtocolFault | undefined;
  ping(): void;
  pong(): void;
  subscribe(subject: string, queue: string, sid: string): void;
  /** `max` messages in all, those already delivered included; 0 = no more from now on. */
  unsubscribe(sid: string, max: number): void;
  publish(subject: string, reply: string, payload: string): void;
}

/** A breach of the protocol, after which the connection ends. `error` goes out as `-ERR` unless it is empty. */
export interface ProtocolFault {
  readonly error: string;
}

/** The texts are those of nats-server, which clients match on. */
export const UNKNOWN_OPERATION: ProtocolFault = { error: 'Unknown Protocol Operation' };
export const LINE_TOO_LONG: ProtocolFault = { error: 'maximum control line exceeded' };
export const PAYLOAD_TOO_LARGE: ProtocolFault = { error: 'Maximum Payload Violation' };
export const NOT_AUTHORIZED: ProtocolFault = { error: 'Authorization Violation' };
/** Wrong arguments: nats-server hangs up without a word. */
export const BAD_ARGUMENTS: ProtocolFault = { error: '' };

/** Bytes of one line's arguments, as in nats-server. */
export const MAX_CONTROL_LINE = 4096;

const LONGEST_VERB = 8;
/** A blank must follow those that take arguments; after the others nats-server skips to the end of the line. */
const VERBS: readonly string[] = ['PUB ', 'SUB ', 'UNSUB ', 'CONNECT', 'PING', 'PONG', 'INFO', '+OK', '-ERR'];

const LF = 10;
const CR = 13;

/**
 * The client's side of the core NATS protocol, fed with the bytes of a connection in whatever pieces they come.
 * Pure but for the calls to `commands`. After a fault it must not be fed again.
 */
export class CommandParser {
  /** Until the client is known, anything but CONNECT is refused at its first byte. */
  connectOnly: boolean;
  readonly #commands: Commands;
  readonly #maxPayload: number;
  /** The start of a line whose end has not come. */
  #line = '';
  /** A PUB whose payload has not come in full, and what there is of it. */
  #publication: { readonly subject: string; readonly reply: string; readonly size: number } | undefined;
  #payload: Buffer[] = [];
  #payloadBytes = 0;

  constructor(commands: Commands, options: { maxPayload: number; connectOnly: boolean }) {
    this.#commands = commands;
    this.#maxPayload = options.maxPayload;
    this.connectOnly = options.connectOnly;
  }

  push(chunk: Buffer): ProtocolFault | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#publication !== undefined) {
        const next = this.#takePayload(chunk, at, this.#publication);
        if (typeof next !== 'number') return next;
        at = next;
        continue;
      }
      const end = chunk.indexOf(LF, at);
      if (end === -1) return this.#keepPartial(chunk.toString('latin1', at));
      const line = this.#line + chunk.toString('latin1', at, end);
      this.#line = '';
      const fault = this.#interpret(line);
      if (fault !== undefined) return fault;
      at = end + 1;
    }
    return undefined;
  }

  /** Garbage is refused at once, as by nats-server: its sender may never send the end of a line. */
  #keepPartial(rest: string): ProtocolFault | undefined {
    const line = this.#line + rest;
    if (line.length > MAX_CONTROL_LINE + LONGEST_VERB) return LINE_TOO_LONG;
    if (this.#line.length < LONGEST_VERB) {
      if (this.connectOnly && !/^c/i.test(line)) return NOT_AUTHORIZED;
      const start = verbPart(line);
      if (!VERBS.some((verb) => verb.startsWith(start) || start.startsWith(verb))) return UNKNOWN_OPERATION;
    }
    this.#line = line;
    return undefined;
  }

  #interpret(line: string): ProtocolFault | undefined {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (this.connectOnly && !/^c/i.test(text)) return NOT_AUTHORIZED;
    const start = verbPart(text);
    const verb = VERBS.find((known) => start.startsWith(known));
    if (verb === undefined) return UNKNOWN_OPERATION;
    const rest = text.slice(verb.length);
    if (rest.length > MAX_CONTROL_LINE) return LINE_TOO_LONG;
    switch (verb) {
      case 'PUB ':
        return this.#publish(words(rest));
      case 'SUB ':
        return this.#subscribe(words(rest));
      case 'UNSUB ':
        return this.#unsubscribe(words(rest));
      case 'CONNECT':
        return this.#commands.connect(rest.trim());
      case 'PING':
        this.#commands.ping();
        return undefined;
      case 'PONG':
        this.#commands.pong();
        return undefined;
      case '-ERR':
        return BAD_ARGUMENTS; // the client gives up on us
    }
    return undefined; // INFO and +OK mean nothing from a client, and harm nobody
  }

  #publish(args: string[]): ProtocolFault | undefined {
    if (args.length !== 2 && args.length !== 3) return BAD_ARGUMENTS;
    const digits = args.at(-1) ?? '';
    if (!/^\d{1,15}$/.test(digits)) return BAD_ARGUMENTS;
    const size = Number(digits);
    if (size > this.#maxPayload) return PAYLOAD_TOO_LARGE;
    this.#publication = { subject: args[0] ?? '', reply: args.length === 3 ? (args[1] ?? '') : '', size };
    return undefined;
  }

  #subscribe(args: string[]): ProtocolFault | undefined {
    const [subject, second, third] = args;
    if (subject === undefined || second === undefined || args.length > 3) return BAD_ARGUMENTS;
    if (third === undefined) this.#commands.subscribe(subject, '', second);
    else this.#commands.subscribe(subject, second, third);
    return undefined;
  }

  #unsubscribe(args: string[]): ProtocolFault | undefined {
    const [sid, max] = args;
    if (sid === undefined || args.length > 2) return BAD_ARGUMENTS;
    this.#commands.unsubscribe(sid, max !== undefined && /^\d{1,15}$/.test(max) ? Number(max) : 0);
    return undefined;
  }

  /** Where to go on reading, or what is wrong. The payload is followed by CR LF, which nats-server insists on. */
  #takePayload(
    chunk: Buffer,
    at: number,
    publication: { readonly subject: string; readonly reply: string; readonly size: number },
  ): number | ProtocolFault | undefined {
    const end = at + publication.size + 2 - this.#payloadBytes;
    if (end > chunk.length) {
      // A copy: the chunk is larger than this part of it, and may be used again.
      this.#payload.push(Buffer.from(chunk.subarray(at)));
      this.#payloadBytes += chunk.length - at;
      return chunk.length;
    }
    let whole = chunk.subarray(at, end);
    if (this.#payloadBytes > 0) {
      whole = Buffer.concat([...this.#payload, whole], publication.size + 2);
      this.#payload = [];
      this.#payloadBytes = 0;
    }
    this.#publication = undefined;
    if (whole[publication.size] !== CR || whole[publication.size + 1] !== LF) return UNKNOWN_OPERATION;
    this.#commands.publish(
      publication.subject,
      publication.reply,
      whole.toString('latin1', 0, publication.size),
    );
    return end;
  }
}

/** As much of a line as can tell its verb: upper case, tabs as blanks. */
function verbPart(line: string): string {
  return line.slice(0, LONGEST_VERB).toUpperCase().replaceAll('\t', ' ');
}

function words(rest: string): string[] {
  return rest.split(/[ \t]+/).filter((word) => word !== '');
}
