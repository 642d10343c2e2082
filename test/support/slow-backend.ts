import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpBackend } from './http-backend.ts';

/**
 * A backend that answers when told: what waits for an answer is held in `waiting`, its body read or not.
 */
export class SlowBackend {
  readonly waiting: { readonly req: IncomingMessage; readonly res: ServerResponse }[] = [];
  port = 0;

  static async start(closing: (close: () => unknown) => void): Promise<SlowBackend> {
    const slow = new SlowBackend();
    const backend = await HttpBackend.start(closing, 'slow', (req, res) => {
      slow.waiting.push({ req, res });
    });
    slow.port = backend.port;
    return slow;
  }
}
