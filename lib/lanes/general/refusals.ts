import { type Answer, badRequest, versionNotSupported } from '../../request/answer.ts';
import { transferCoding } from '../../request/framing.ts';

/** Bytes to write before the connection is closed; undefined = close without a word. */
export type Refusal = string | undefined;

/** HTTP/1.x with x above 1 (contract: http.md 3). */
const MINIMAL_400 = 'HTTP/1.0 400 Bad Request\r\n\r\n';

/** One digit each (RFC 9112 §2.3): `HTTP/11.1` and `HTTP/1.10` are no versions at all. */
const VERSION = /^[^\r\n]* HTTP\/(\d)\.(\d)\r?$/m;
const TRANSFER_ENCODING = /^transfer-encoding:[ \t]*([^\r\n]*)$/im;

/**
 * What a client is told whose bytes node's parser refused (contract: http.md 1). The parser names the rule that was
 * broken by a code; where one code covers two answers the packet is looked at.
 */
export function refusalOf(error: Error & { code?: string; reason?: string; rawPacket?: Buffer }): Refusal {
  const { code = '' } = error;
  // Not a protocol error: the connection broke, or no head came in time (read_header_timeout).
  if (!code.startsWith('HPE_')) return undefined;
  // The client ended in the middle of a message: it has left, and hears nothing any more.
  if (code === 'HPE_INVALID_EOF_STATE') return undefined;

  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return refusalText(plain(431, 'Request Header Fields Too Large'));
    case 'HPE_INVALID_VERSION': {
      const [, major, minor] = VERSION.exec(packetText(error)) ?? [];
      if (major === undefined || (major === '1' && Number(minor) < 2)) return refusalText(badRequest());
      return major === '1' ? MINIMAL_400 : refusalText(versionNotSupported());
    }
    case 'HPE_PAUSED_H2_UPGRADE': // HTTP/2 in clear text is not offered
      return refusalText(versionNotSupported());
    case 'HPE_INVALID_TRANSFER_ENCODING': {
      const value = TRANSFER_ENCODING.exec(packetText(error))?.[1] ?? '';
      return refusalText(transferCoding(value) ?? badRequest());
    }
    case 'HPE_INVALID_HEADER_TOKEN':
      return refusalText(
        error.reason === 'Invalid header token' ? badRequest('invalid header name') : badRequest(),
      );
    default:
      return refusalText(badRequest());
  }
}

/** An answer as bytes, the last on its connection. Those of http.md 1 have no `date`. */
export function refusalText(answer: Answer, date = ''): string {
  let text = `HTTP/1.1 ${answer.status} ${answer.reason}\r\n`;
  for (let i = 0; i < answer.headers.length; i += 2) {
    text += `${answer.headers[i]}: ${answer.headers[i + 1]}\r\n`;
  }
  if (date !== '') text += `Date: ${date}\r\n`;
  return `${text}Connection: close\r\n\r\n${answer.body}`;
}

function plain(status: number, reason: string): Answer {
  const body = `${status} ${reason}`;
  const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)];
  return { status, reason, headers, body, routerError: '', close: true };
}

/** The head is at the front of the packet, if it is in it at all: no more than that is searched. */
function packetText(error: { rawPacket?: Buffer }): string {
  return error.rawPacket?.subarray(0, 16_384).toString('latin1') ?? '';
}
