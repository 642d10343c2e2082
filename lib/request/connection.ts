import { sameName } from './header-names.ts';
import { hasToken } from './request-head.ts';

/** Whether the sender ends the connection after this message (RFC 9112 §9.6). */
export function connectionClose(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (!sameName(headers[i]!, 'connection')) continue;
    // Nearly all there is, told without taking the value apart.
    if (sameName(headers[i + 1]!, 'keep-alive')) continue;
    return hasToken(headers, 'connection', 'close');
  }
  return false;
}
