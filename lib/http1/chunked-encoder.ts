/** Ends the data of a chunk. */
export const CHUNK_END = '\r\n';

/** Ends a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';

/** What precedes `size` bytes of data, at least one: a chunk of none would be the last (RFC 9112 §7.1). */
export function chunkHead(size: number): string {
  return `${size.toString(16)}\r\n`;
}

/** The last chunk with trailer fields (name, value, ...), which the caller has chosen (RFC 9110 §6.5.1). */
export function lastChunk(trailers: readonly string[]): string {
  if (trailers.length === 0) return LAST_CHUNK;
  let text = '0\r\n';
  for (let i = 0; i < trailers.length; i += 2) text += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
  return `${text}\r\n`;
}
