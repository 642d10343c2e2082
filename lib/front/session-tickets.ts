import { randomBytes } from 'node:crypto';
import type { Server } from 'node:tls';

/** Bytes of each of the three parts of a key: its name in tickets, the key that signs them, the one that encrypts them. */
const PART = 16;
const UNKNOWN = 0;
const GOOD = 1;
/** Good, and to be replaced by a ticket under the newest key. */
const OLD = 2;

type TicketCallback = (name: Buffer, iv: Buffer, encrypt: boolean) => readonly [number, ...Buffer[]];

interface TicketKey {
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

/** What node has for more than one key, and documents nowhere. */
interface Internals {
  readonly _sharedCreds?: {
    readonly context?: { enableTicketKeyCallback?: () => void; onticketkeycallback?: TicketCallback };
  };
}

/**
 * The keys of session tickets (RFC 8446 §4.6.1, RFC 5077), the same in all workers, so that a session can be resumed at
 * any of them. Tickets are made with the newest key; those made with an older one are good for as long as it is here.
 */
export class SessionTickets {
  #keys: readonly TicketKey[] = [];
  #texts: readonly string[] = [];
  #server: Server | undefined;

  /** Base64 of 48 bytes each, the newest first; never empty. */
  use(keys: readonly string[]): void {
    this.#texts = keys;
    this.#keys = keys.map((text) => {
      const bytes = Buffer.from(text, 'base64');
      const part = (i: number): Buffer => bytes.subarray(i * PART, (i + 1) * PART);
      return { name: part(0), hmac: part(1), aes: part(2) };
    });
    if (this.#server !== undefined) this.attach(this.#server);
  }

  /** From now on the tickets of this server. Until there are keys it has its own. */
  attach(server: Server): void {
    this.#server = server;
    const [newest] = this.#texts;
    if (newest === undefined) return;
    const context = (server as unknown as Internals)._sharedCreds?.context;
    if (context?.enableTicketKeyCallback === undefined) {
      // A node without it: after a rotation each client does one whole handshake.
      server.setTicketKeys(Buffer.from(newest, 'base64'));
      return;
    }
    context.onticketkeycallback = this.#callback;
    context.enableTicketKeyCallback();
  }

  readonly #callback: TicketCallback = (name, iv, encrypt) => {
    const newest = this.#keys[0]!;
    if (encrypt) return [GOOD, newest.hmac, newest.aes, newest.name, randomBytes(PART)];
    const key = this.#keys.find((one) => one.name.equals(name));
    if (key === undefined) return [UNKNOWN, newest.hmac, newest.aes, newest.name, iv];
    return [key === newest ? GOOD : OLD, key.hmac, key.aes, key.name, iv];
  };
}
