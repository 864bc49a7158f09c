/** @file Reads files up to a limit of size, with one-line errors. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { fail } from '../tensor/errors.ts';

/** Far above the size of any file in use. A larger one could exhaust memory before it is checked. */
const LARGEST_FILE = 2 ** 30;

/** The most bytes of one call: Node 20 reads, writes and hashes no 2 GiB at once. */
export const MOST_AT_ONCE = 2 ** 30;

/** What is asked of a file's status. Without a type of Node, which users may not have. */
export interface Status {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** The file's status. Throws when the file does not exist or may not be accessed. */
export function statOf(path: string): Status {
  try {
    return statSync(path);
  } catch (error) {
    return fail(`${path}: ${reasonOf(error)}`);
  }
}

/** The bytes of a regular file. Throws when it is missing, unreadable, not a regular file or larger than 1 GiB. */
export function readBytes(path: string): Uint8Array {
  const stats = statOf(path);
  if (!stats.isFile()) fail(`${path}: is not a regular file; give a file`);
  if (stats.size > LARGEST_FILE)
    fail(`${path}: has ${stats.size} bytes; files up to ${LARGEST_FILE} are read: split it`);
  try {
    return readFileSync(path);
  } catch (error) {
    return fail(`${path}: ${reasonOf(error)}`);
  }
}

/** Bytes `begin` to `end` of a file. At most `most` are asked for in one call. Throws where it does not have them. */
export function bytesOf(path: string, begin: number, end: number, most: number = MOST_AT_ONCE): Uint8Array {
  const bytes = new Uint8Array(end - begin);
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, Math.min(bytes.length - at, most), begin + at);
      if (count === 0) return fail(`${path}: ends at byte ${begin + at}, before ${end}; it has changed, read it again`);
      at += count;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    fail(`${path}: ${reasonOf(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return bytes;
}

/** The reason of a file error in words, with a remedy. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'ENOENT') return 'does not exist; check the path';
  if (code === 'EACCES' || code === 'EPERM') return `may not be read (${code}); change its permissions`;
  return `cannot be read (${code}); check the path and the disk`;
}
