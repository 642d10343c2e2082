/**
 * After the last answer on a connection that must close: time and bytes for the client to stop sending. A connection
 * that is closed at once answers what still comes with a reset, and a reset takes the answer with it that is on its
 * way (RFC 9112 §9.6).
 */
export const LINGER_MS = 2_000;
export const LINGER_BYTES = 256 * 1024;
