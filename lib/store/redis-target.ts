import { RouterError } from '../errors.ts';

/** Where a Redis server is, as its URL says. Exactly one of `host` and `path` is set. */
export interface RedisTarget {
  readonly host: string | undefined;
  readonly port: number;
  /** A unix socket. */
  readonly path: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  /** For logs and errors: the URL without its password. */
  readonly shown: string;
}

const DEFAULT_PORT = 6379;
const FORMS =
  'redis://[user:password@]host[:port][/db], rediss://... for TLS, unix:///path/to/socket, or /path/to/socket';

/** Throws CONFIG_INVALID, naming the URL without its password. Source of the scheme names: IANA's registry. */
export function parseRedisUrl(text: string): RedisTarget {
  if (text.startsWith('/')) return socketTarget(text, undefined, undefined, 0);
  // A URL may not have a user without a host; that of a socket has no host.
  const parsable = text.replace(/^((?:redis\+)?unix:\/\/[^/]*@)\//, '$1localhost/');
  const url = URL.canParse(parsable) ? new URL(parsable) : undefined;
  if (url === undefined) throw invalid(text, 'is not a URL');
  const username = decoded(url.username);
  const password = decoded(url.password);
  switch (url.protocol) {
    case 'unix:':
    case 'redis+unix:':
      if (!['', 'localhost'].includes(url.hostname) || url.pathname.length < 2) {
        throw invalid(text, 'names no socket');
      }
      return socketTarget(
        decoded(url.pathname) ?? '',
        username,
        password,
        dbOf(text, url.searchParams.get('db')),
      );
    case 'redis:':
    case 'rediss:':
      if (url.hostname === '') throw invalid(text, 'names no host');
      return {
        host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: url.port === '' ? DEFAULT_PORT : Number(url.port),
        path: undefined,
        username,
        password,
        db: dbOf(text, url.pathname.slice(1) || url.searchParams.get('db')),
        tls: url.protocol === 'rediss:',
        shown: `${url.protocol}//${url.host}${url.pathname}`,
      };
    default:
      throw invalid(text, `has the scheme ${url.protocol.slice(0, -1)}`);
  }
}

function socketTarget(
  path: string,
  username: string | undefined,
  password: string | undefined,
  db: number,
): RedisTarget {
  return { host: undefined, port: 0, path, username, password, db, tls: false, shown: `unix://${path}` };
}

function dbOf(text: string, number: string | null): number {
  if (number === null || number === '') return 0;
  if (!/^\d{1,5}$/.test(number)) throw invalid(text, 'has a database that is not a number');
  return Number(number);
}

/** Percent-decoded where that is what it is: a password with a bare `%` is meant as it stands. */
function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function invalid(text: string, what: string): RouterError {
  const shown = text.replace(/\/\/.*@/s, '//***@');
  return new RouterError(
    'CONFIG_INVALID',
    `snapshot.redis.url ${JSON.stringify(shown)} ${what}: expected ${FORMS}`,
  );
}
