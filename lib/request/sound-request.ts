import type { Framing } from './framing.ts';
import type { RequestHost } from './host.ts';
import type { RequestHead } from './request-head.ts';

/** A request whose head was found sound. */
export interface SoundRequest {
  readonly head: RequestHead;
  readonly route: RequestHost;
  readonly framing: Framing;
  /** Whether the client waits for 100 before it sends its body. */
  readonly expectsContinue: boolean;
  /** Protocol that the client asks to switch to. */
  readonly upgrade: string | undefined;
  /** Whether nothing may follow it on its connection. */
  readonly last: boolean;
}
