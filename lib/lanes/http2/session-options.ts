import type { ClientSessionOptions } from 'node:http2';

const MIB = 1024 * 1024;
/** Of a field section, as SETTINGS count it: 32 bytes more for each field (RFC 9113 §6.5.2). */
export const MAX_HEADER_LIST = MIB + 320;
/** As many fields as fit in one: node's own limit is 128, and what is over it is not to be seen. */
const MAX_FIELDS = Math.ceil(MAX_HEADER_LIST / 32);

/** What clients are told (contract: http.md 14). */
export const FRONT_SETTINGS = {
  maxConcurrentStreams: 250,
  initialWindowSize: MIB,
  maxFrameSize: MIB,
  maxHeaderListSize: MAX_HEADER_LIST,
} as const;

/** Of the connection as a whole, in bytes. */
export const FRONT_WINDOW = MIB;

/** Of an answer that its client does not take: what one slow reader costs us of memory, in bytes. */
const BACK_STREAM_WINDOW = 256 * 1024;

/** Of a connection that many answers share, in bytes: a slow one must not hold up the others. */
export const BACK_WINDOW = 16 * MIB;

/** Node's own options for the endpoint's side. */
export const BACK_OPTIONS: ClientSessionOptions & { strictSingleValueFields: boolean } = {
  settings: {
    enablePush: false,
    initialWindowSize: BACK_STREAM_WINDOW,
    maxHeaderListSize: 10 * MIB,
  },
  maxHeaderListPairs: MAX_FIELDS,
  maxSendHeaderBlockLength: 10 * MIB,
  maxSessionMemory: 256,
  strictSingleValueFields: false,
};
