import { closeSync, openSync, readSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

/** Far above any configuration, far below what would hurt: `-c /dev/zero` ends, too. */
const LARGEST_FILE = 16 * 1024 * 1024;

export type FileText = { readonly text: string } | { readonly error: string };

/** A text file as UTF-8, or in one line why it cannot be had. A pipe is as good as a file. */
export function readText(path: string): FileText {
  let bytes: Buffer;
  try {
    bytes = readBytes(path);
  } catch (error) {
    return { error: `open ${path}: ${reasonOf(error)}` };
  }
  if (bytes.length > LARGEST_FILE) return { error: `${path} is larger than ${LARGEST_FILE} bytes` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { error: `${path} is not a text file in UTF-8` };
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/u.exec(text);
  if (control === null) return { text };
  const line = text.slice(0, control.index).split('\n').length;
  return { error: `${path} is not a text file: control character in line ${line}` };
}

function readBytes(path: string): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  const file = openSync(path, 'r');
  try {
    while (total <= LARGEST_FILE) {
      const chunk = Buffer.alloc(64 * 1024);
      const count = readSync(file, chunk);
      if (count === 0) break;
      total += count;
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  return Buffer.concat(chunks);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? error.message : getSystemErrorMessage(errno);
}
