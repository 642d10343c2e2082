/** The parts of a `Set-Cookie` value that are of use here. */
export interface SetCookie {
  readonly name: string;
  /** IMF-fixdate; undefined when absent or unreadable. */
  readonly expires: string | undefined;
  /** Seconds; undefined when absent or no number. */
  readonly maxAge: number | undefined;
  readonly secure: boolean;
  readonly sameSite: 'None' | 'Lax' | 'Strict' | undefined;
  readonly partitioned: boolean;
}

const SAME_SITE: Readonly<Record<string, SetCookie['sameSite']>> = {
  none: 'None',
  lax: 'Lax',
  strict: 'Strict',
};
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';
const DATE = /^[a-z]{3}, (\d{1,2})[ -]([a-z]{3})[ -](\d{4}) (\d{2}):(\d{2}):(\d{2})(?: [a-z]{3,4})?$/i;

/** Reads a `Set-Cookie` value; undefined when it names no cookie. */
export function parseSetCookie(value: string): SetCookie | undefined {
  const parts = value.split(';');
  const equals = parts[0]!.indexOf('=');
  const name = parts[0]!.slice(0, Math.max(equals, 0)).trim();
  if (name === '') return undefined;
  let expires: string | undefined;
  let maxAge: number | undefined;
  let secure = false;
  let sameSite: SetCookie['sameSite'];
  let partitioned = false;
  for (let i = 1; i < parts.length; i += 1) {
    const part = parts[i]!;
    const at = part.indexOf('=');
    const attribute = (at === -1 ? part : part.slice(0, at)).trim().toLowerCase();
    const text = at === -1 ? '' : part.slice(at + 1).trim();
    if (attribute === 'expires') expires = cookieDate(text) ?? expires;
    else if (attribute === 'max-age') maxAge = /^-?\d{1,15}$/.test(text) ? Number(text) : maxAge;
    else if (attribute === 'secure') secure = true;
    else if (attribute === 'samesite') sameSite = SAME_SITE[text.toLowerCase()];
    else if (attribute === 'partitioned') partitioned = true;
  }
  return { name, expires, maxAge, secure, sameSite, partitioned };
}

/** Text as the value of a cookie: what the grammar does not allow is left out, blanks and commas are quoted. */
export function cookieValue(text: string): string {
  const allowed = text.replace(/[^\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]/g, '');
  return /[ ,]/.test(allowed) ? `"${allowed}"` : allowed;
}

/** A cookie date as IMF-fixdate; undefined when it cannot be read. */
function cookieDate(text: string): string | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [day, month, year, hour, minute, second] = [
    Number(match[1]),
    MONTHS.indexOf(match[2]!.toLowerCase()) / 3,
    Number(match[3]),
    Number(match[4]),
    Number(match[5]),
    Number(match[6]),
  ] as const;
  if (!Number.isInteger(month) || month < 0 || year < 1601) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  // Date.UTC would carry 31 February over into March.
  return date.getUTCDate() === day ? date.toUTCString() : undefined;
}
