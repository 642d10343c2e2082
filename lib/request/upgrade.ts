import { sameName } from './header-names.ts';
import { hasToken, headerValue, headerValues, listElements, type RequestHead } from './request-head.ts';

// protocol-name ["/" protocol-version] (RFC 9110 §7.8)
const PROTOCOL = /^[\w!#$%&'*+\-.^`|~]+(?:\/[\w!#$%&'*+\-.^`|~]+)?$/;

/**
 * The protocol that a request asks to switch to, undefined when it is an ordinary request: the first of
 * `Upgrade` that may be passed on. `allowed`: lower-case names of protocols; undefined = any. Never HTTP/2, whose clear-text upgrade would carry requests past our
 * checks. A request with a body is no upgrade, since its bytes and the tunnel's could not be told apart; one
 * of HTTP/1.0 has to be ignored (RFC 9110 §7.8).
 */
export function upgradeToken(
  head: Pick<RequestHead, 'headers' | 'versionMinor'>,
  allowed?: ReadonlySet<string>,
): string | undefined {
  if (head.versionMinor === 0) return undefined;
  const { headers } = head;
  const upgrade = headerValue(headers, 'upgrade');
  if (upgrade === undefined || !hasToken(headers, 'connection', 'upgrade')) return undefined;
  if (headerValue(headers, 'transfer-encoding') !== undefined) return undefined;
  if (headerValues(headers, 'content-length').some((length) => !/^0+$/.test(length))) return undefined;
  return headerValues(headers, 'upgrade')
    .flatMap(listElements)
    .find((token) => PROTOCOL.test(token) && !isHttp2(token) && (allowed?.has(token.toLowerCase()) ?? true));
}

/** Whether an upgrade is what metrics and time limits call a WebSocket. */
export function isWebSocket(token: string | undefined): boolean {
  return token !== undefined && sameName(token, 'websocket');
}

function isHttp2(token: string): boolean {
  return /^h2c?$|^http(?:\/|$)/i.test(token);
}
