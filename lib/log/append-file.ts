import { close, constants, fstat, open } from 'node:fs';
import { promisify } from 'node:util';
import { RouterError } from '../errors.ts';

export interface AppendFile {
  readonly fd: number;
  readonly isPipe: boolean;
}

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist',
  EACCES: 'this user may not write there',
  EISDIR: 'it is a directory, and has to be a file',
  ENXIO: 'it is a pipe that nobody reads, or a socket',
  EROFS: 'the file system is read-only',
};

/**
 * Opens a file, made when missing (mode 0644), so that every write goes to its end. Rejects with
 * ACCESS_LOG_UNAVAILABLE, naming the path and what is wrong with it.
 */
export async function openForAppend(path: string): Promise<AppendFile> {
  // Non-blocking does nothing for files; opening or writing a pipe without a reader would hold a thread for good.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  try {
    const fd = await openFile(path, flags, 0o644);
    try {
      return { fd, isPipe: (await statFile(fd)).isFIFO() };
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const hint = HINTS[code] ?? 'it has to be a file that this user may append to';
    throw new RouterError('ACCESS_LOG_UNAVAILABLE', `access_log.file ${path}: ${hint} (${message})`, {
      cause: error,
    });
  }
}
