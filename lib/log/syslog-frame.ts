export interface SyslogFrameConfig {
  /** `logging.syslog`, or what stands for it. */
  readonly app: string;
  readonly hostname: string;
  readonly pid: number;
  /** Bytes of a line at which it is cut; 0 = never. */
  readonly truncateBytes: number;
}

/** Facility "user", severity "informational". */
const PRIORITY = '<14>1';
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Access log lines as syslog messages (operations.md 10): RFC 5424, but for the one dash that stands for message id and
 * structured data alike, which is what readers of gorouter's stream have been told to expect.
 */
export class SyslogFrame {
  readonly #behindTime: string;
  readonly #truncateBytes: number;
  #second = Number.NaN;
  #header = '';

  constructor({ app, hostname, pid, truncateBytes }: SyslogFrameConfig) {
    this.#behindTime = ` ${word(hostname)} ${word(app)} ${pid} - ${BYTE_ORDER_MARK}`;
    this.#truncateBytes = truncateBytes;
  }

  /** `line` without LF; the message has none either. `unixMs`: when it is written. */
  message(line: string, unixMs: number): string {
    const second = Math.floor(unixMs / 1000);
    if (second !== this.#second) {
      const time = new Date(second * 1000).toISOString().slice(0, 19);
      this.#header = `${PRIORITY} ${time}Z${this.#behindTime}`;
      this.#second = second;
    }
    return this.#header + (this.#truncateBytes > 0 ? cutUtf8(line, this.#truncateBytes) : line);
  }
}

/** At most `bytes` of UTF-8, and never a part of a character: what a byte order mark announces has to be UTF-8. */
export function cutUtf8(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end);
}

/** A field ends at a blank (RFC 5424 §6). */
function word(text: string): string {
  return text.replace(/[^!-~]/gu, '_') || '-';
}
