import { StringDecoder } from 'node:string_decoder';

/** One event of a stream: its name, `message` when it has none, and its lines of data joined by LF. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** Characters of one event: far more than any route takes, and what a peer can make us keep. */
const MOST = 1024 * 1024;

/**
 * Reads server-sent events (WHATWG HTML §9.2.6) as their bytes come, cut anywhere. `id`, `retry`, comments and unknown
 * fields are left out: the routing API gives them no meaning.
 */
export class EventStream {
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #size = 0;
  #began = false;
  /** The line before ended with CR, which an LF may still belong to. */
  #afterCr = false;
  #name = '';
  #data: string[] = [];

  /** The events that these bytes complete. Throws RangeError when one is larger than 1 MiB. */
  push(bytes: Uint8Array): StreamEvent[] {
    let text = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (!this.#began && text !== '') {
      this.#began = true;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    const events: StreamEvent[] = [];
    let start = 0;
    for (let i = 0; i < text.length; i += 1) {
      const char = text.charCodeAt(i);
      if (char === LF && this.#afterCr) {
        this.#afterCr = false;
        start = i + 1;
        continue;
      }
      this.#afterCr = char === CR;
      if (char !== LF && char !== CR) continue;
      this.#takeLine(this.#line + text.slice(start, i), events);
      this.#line = '';
      start = i + 1;
    }
    this.#line += text.slice(start);
    if (this.#size + this.#line.length > MOST) throw new RangeError('an event is larger than 1 MiB');
    return events;
  }

  #takeLine(line: string, events: StreamEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0) {
        events.push({ name: this.#name === '' ? 'message' : this.#name, data: this.#data.join('\n') });
      }
      this.#name = '';
      this.#data = [];
      this.#size = 0;
      return;
    }
    this.#size += line.length;
    if (this.#size > MOST) throw new RangeError('an event is larger than 1 MiB');
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
  }
}

const LF = 10;
const CR = 13;
