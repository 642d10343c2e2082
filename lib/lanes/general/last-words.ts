import type { Socket } from 'node:net';
import { badRequest, bodyTooSlow } from '../../request/answer.ts';
import type { Counters } from '../../request/counters.ts';
import type { ClientConnection } from './client-connection.ts';
import { refusalOf, refusalText } from './refusals.ts';

/** Ends connections on which nothing more can be served, with an answer where one can still be given. */
export class LastWords {
  readonly #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Writes an answer as bytes, behind which nothing is read. */
  refuse(client: ClientConnection, text: string): void {
    const { socket } = client;
    client.refused = true;
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    client.linger();
    socket.write(text, 'latin1');
    socket.destroySoon();
  }

  /** Node's parser refused what came, or the connection broke; no `client` = not one of ours any more. */
  unreadable(error: Error & { code?: string }, socket: Socket, client: ClientConnection | undefined): void {
    // What comes behind the last answer is read and dropped, whatever it is: a reset would take the answer with it.
    if (client?.lingers === true && !client.receiving) return;
    const refusal = refusalOf(error);
    if (client === undefined || client.refused || refusal === undefined || !socket.writable) {
      if (client !== undefined) client.refused = true;
      socket.destroy();
      return;
    }
    client.refused = true;
    this.#counters.badRequests += 1;
    // What is broken is the body of the request being served, or a request behind it.
    if (client.receiving) {
      const answered = client.failBody(badRequest());
      if (answered) socket.destroy();
      else this.refuse(client, refusal);
      return;
    }
    client.enter(() => this.refuse(client, refusal));
  }

  /** The body that is being received comes too slowly. */
  bodyTooSlow(client: ClientConnection): void {
    const answer = bodyTooSlow();
    this.#counters.badRequests += 1;
    client.refused = true;
    if (client.failBody(answer)) client.socket.destroy();
    else this.refuse(client, refusalText(answer, new Date().toUTCString()));
  }
}
