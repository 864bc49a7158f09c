/** @file Writes files and folders as a whole: a reader finds the old one or the new one, never a part. Errors are one line. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../tensor/errors.ts';
import { MOST_AT_ONCE } from './read-file.ts';

/** The reason why a file cannot be written, in words, with a remedy. */
export function writeReasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return `the disk is full (${code}); free space there, or write elsewhere`;
  if (code === 'EFBIG') return 'the file is larger than this process may write (EFBIG); raise the limit';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `may not be written (${code}); change its permissions, or write elsewhere`;
  if (code === 'ENOENT')
    return 'its folder does not exist, or may not be made (ENOENT); check the path and its permissions';
  if (code === 'ENOTDIR' || code === 'EEXIST') return `a file stands in the way (${code}); write elsewhere`;
  return `cannot be written (${code}); check the path and the disk`;
}

/** Runs `write`; errors of the file system become one line that names `path`. */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return fail(`${path}: ${writeReasonOf(error)}`);
  }
}

/** Throws where nothing can be written into a folder: tries it, as permissions alone do not tell. */
export const tryFolder = (folder: string): void =>
  writing(folder, () => rmdirSync(mkdtempSync(join(folder, '.densessm-'))));

/** The names in a folder that is to be written: none where it does not exist. Throws where it is a file. */
export const namesIn = (folder: string): string[] =>
  writing(folder, () => (existsSync(folder) ? readdirSync(folder) : []));

/** A name beside `path` that no reader takes for a finished one. */
const temporary = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);

/** Whether a name is that of a part, which a killed process has left. */
export const isPart = (name: string): boolean => /^\..+\.[\da-f]+\.part$/.test(name);

/** Writes bytes into a new file, at most `most` in one call, and waits for the disk. */
export function writeAndSync(path: string, content: string | Uint8Array, most: number = MOST_AT_ONCE): void {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const file = openSync(path, 'w');
  try {
    // one call may write a part only
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(bytes.length - at, most));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Waits until the names in a folder are on the disk. Does nothing where the system opens no folders, as Windows. */
function syncFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Writes beside `path`, then renames: after a loss of power too, there is the old one or the new one. The part is removed where that fails. */
function replaced(path: string, write: (part: string) => void): void {
  const part = temporary(path);
  writing(path, () => {
    try {
      write(part);
      renameSync(part, path);
      syncFolder(dirname(path));
    } catch (error) {
      rmSync(part, { recursive: true, force: true });
      throw error;
    }
  });
}

/** Writes a file, in place of one that is there. Throws where it cannot be written: then the old one is whole. */
export const writeFileWhole = (path: string, content: string | Uint8Array): void =>
  replaced(path, (part) => writeAndSync(part, content));

/** Removes an empty folder, in whose place Windows renames nothing. Where that fails, the rename says why. */
function makeWay(path: string): void {
  try {
    rmdirSync(path);
  } catch {}
}

/** Writes a folder of files, whose names may have folders, and those above it. Throws where it cannot be written, or a folder of that name is not empty: then nothing is changed. */
export const writeFolderWhole = (path: string, files: Readonly<Record<string, string | Uint8Array>>): void =>
  replaced(path, (part) => {
    mkdirSync(part, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      const file = join(part, name);
      mkdirSync(dirname(file), { recursive: true });
      writeAndSync(file, content);
      syncFolder(dirname(file));
    }
    syncFolder(part);
    makeWay(path);
  });
