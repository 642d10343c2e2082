import type { Socket } from 'node:net';
import type { ClientAddress } from './address.ts';
import { readProxyHeader } from './proxy-header.ts';

export interface ProxyDoorDeps {
  /** The connection, with all bytes that are not the header; `source` is undefined when none was announced. */
  readonly onEntered: (raw: Socket, source: ClientAddress | undefined) => void;
  /** It is closed, and this is why. */
  readonly onFailed: (raw: Socket, reason: string) => void;
}

/** For the first bytes: a client that waits for the router to speak first has none (contract: tls.md 4). */
const FIRST_BYTES_WITHIN_MS = 100;
/** For the rest of a header that has begun. */
const HEADER_WITHIN_MS = 5_000;

/** Takes the PROXY protocol's header off the front of connections that have one. */
export class ProxyDoor {
  readonly #deps: ProxyDoorDeps;

  constructor(deps: ProxyDoorDeps) {
    this.#deps = deps;
  }

  admit(raw: Socket): void {
    const { onEntered, onFailed } = this.#deps;
    let read: Buffer | undefined;
    let begun = false;
    let timer: NodeJS.Timeout;

    const settle = (): void => {
      clearTimeout(timer);
      raw.off('data', onData);
      raw.off('end', onEnd);
      raw.off('close', onClose);
      raw.pause();
    };
    const enter = (source: ClientAddress | undefined, rest: Buffer | undefined): void => {
      settle();
      if (rest !== undefined && rest.length > 0) raw.unshift(rest);
      onEntered(raw, source);
    };
    const fail = (reason: string): void => {
      settle();
      raw.destroy();
      onFailed(raw, reason);
    };
    const onData = (bytes: Buffer): void => {
      if (read === undefined) {
        clearTimeout(timer);
        timer = setTimeout(onLate, HEADER_WITHIN_MS);
      }
      read = read === undefined ? bytes : Buffer.concat([read, bytes]);
      const header = readProxyHeader(read);
      switch (header.kind) {
        case 'incomplete':
          begun = header.begun;
          return;
        case 'none':
          enter(undefined, read);
          return;
        case 'invalid':
          fail(`invalid PROXY header: ${header.reason}`);
          return;
        case 'header':
          enter(header.source, read.subarray(header.end));
      }
    };
    const onLate = (): void => {
      if (begun) fail(`no whole PROXY header within ${HEADER_WITHIN_MS} ms`);
      else enter(undefined, read);
    };
    const onEnd = (): void => fail('closed before the end of a PROXY header');
    const onClose = onEnd;

    timer = setTimeout(onLate, FIRST_BYTES_WITHIN_MS);
    raw.on('error', ignore); // `close` follows
    raw.on('close', onClose);
    raw.on('end', onEnd);
    raw.on('data', onData);
    raw.resume(); // it may have come paused
  }
}

function ignore(): void {}
