/** @file Keeps two processes from training in one folder: a lock with the process that holds it. Locks of dead processes are taken over. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isObject } from '../io/json.ts';
import { writeFolderWhole, writing } from '../io/write-file.ts';
import { fail } from '../tensor/errors.ts';

/** The name of the lock in the folder of a run: a folder with one file, which names the process. */
export const lockName = '.lock';

/** A lock that this process holds. */
export interface Lock {
  /** Throws where the lock is gone, as with its folder. */
  check(): void;
  free(): void;
}

/** When a process began, in ticks since the machine did, where the system says so: numbers of processes come again. Null for a dead one. */
function beginOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name, in brackets, may hold spaces
    const after = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return after[0] === 'Z' ? null : after[19]!;
  } catch {
    return isAlive(pid) ? '' : null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The result of an operation on files, or `otherwise` where it fails with one of these codes. */
function unless<T>(codes: readonly string[], otherwise: T, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}

/** The names of the files in a lock: none where it is free. */
function holdersIn(path: string): string[] {
  const names = unless(['ENOENT'], [], () => unless(['ENOTDIR'], null, () => readdirSync(path)));
  return names ?? fail(`${path}: is no lock; remove it`);
}

/** What a lock says of its process. */
function holderIn(path: string, text: string): Record<string, unknown> {
  try {
    const held: unknown = JSON.parse(text);
    if (isObject(held)) return held;
  } catch {
    // cut off: the message is the same
  }
  return fail(`${path}: names no process; remove it, if no other process trains there`);
}

/** Throws unless the process that wrote a lock is dead. */
function checkStale(path: string, text: string): void {
  const { pid, host, began } = holderIn(path, text);
  const remedy = `wait for it, or remove ${path} if it is gone`;
  if (host !== hostname()) fail(`${path}: process ${pid} on ${host} trains in this folder; ${remedy}`);
  if (beginOf(pid as number) === began) fail(`${path}: process ${pid} trains in this folder; ${remedy}`);
}

/** Removes a lock without a file in it. */
function removeEmpty(path: string): void {
  unless(['ENOENT', 'ENOTEMPTY', 'EEXIST'], undefined, () => rmdirSync(path));
}

/** Removes the lock of a dead process. Throws where a living one has it. */
function removeStale(path: string): void {
  for (const name of holdersIn(path)) {
    const text = unless(['ENOENT'], null, () => readFileSync(join(path, name), 'utf8'));
    if (text === null) continue;
    checkStale(path, text);
    // no other lock has a file of this name, so a faster process keeps its own
    rmSync(join(path, name), { force: true });
  }
  removeEmpty(path);
}

/**
 * Takes the lock of a folder. Throws where a living process, or one of another machine, has it. A folder is renamed to the name of the lock, which
 * every file system does at once, with its content, and only where no such folder with a file is.
 */
export function locked(folder: string): Lock {
  const path = join(folder, lockName);
  const name = `${randomUUID()}.json`;
  const holder = JSON.stringify({ pid: process.pid, host: hostname(), began: beginOf(process.pid) });
  for (let held = false; !held; ) {
    writing(path, () => removeStale(path));
    try {
      writeFolderWhole(path, { [name]: holder });
      held = true;
    } catch (error) {
      // else another process was faster
      if (holdersIn(path).length === 0) throw error;
    }
  }
  return {
    check: () => {
      if (existsSync(join(path, name))) return;
      fail(`${folder}: the folder or its lock was removed while it trained; nothing more is written there`);
    },
    free: () => {
      rmSync(join(path, name), { force: true });
      removeEmpty(path);
    },
  };
}
