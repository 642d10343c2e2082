import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether an `Authorization` value names this user and password. gorouter's strictness: `Basic`, one blank, the
 * base64 of `user:pass`, nothing else, and no second colon (operations.md 9). The comparison takes the same time
 * wherever the values differ, and whatever their lengths are.
 */
export function isAuthorized(header: string | undefined, user: string, pass: string): boolean {
  const expected = `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`;
  const same = timingSafeEqual(digest(header ?? ''), digest(expected));
  return same && !user.includes(':') && !pass.includes(':');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
