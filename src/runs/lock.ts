/** @file Keeps two processes from training in one folder: a lock file with the process that holds it. Locks of dead processes are taken over. */
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isObject, parseJson } from '../io/json.ts';
import { writeFileWhole, writing } from '../io/write-file.ts';
import { fail } from '../tensor/errors.ts';

/** The name of the lock in the folder of a run. */
export const lockName = '.lock';

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

/** The text of a file, or null where there is none. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Throws unless the process that wrote a lock is dead. */
function checkStale(path: string, text: string): void {
  const held = parseJson(text, path);
  if (!isObject(held)) fail(`${path}: is no lock; remove it`);
  const { pid, host, began } = held as Record<string, unknown>;
  const remedy = `wait for it, or remove ${path} if it is gone`;
  if (host !== hostname()) fail(`${path}: process ${pid} on ${host} trains in this folder; ${remedy}`);
  if (beginOf(pid as number) === began) fail(`${path}: process ${pid} trains in this folder; ${remedy}`);
}

/** Gives a file a second name. Returns false where that name is taken. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes the lock of a folder; the result gives it back. Throws where a living process, or one of another machine, has it. */
export function locked(folder: string): () => void {
  const path = join(folder, lockName);
  const own = `${path}.${process.pid}`;
  const began = beginOf(process.pid);
  return writing(path, () => {
    writeFileWhole(own, JSON.stringify({ pid: process.pid, host: hostname(), began }));
    try {
      // a link appears with its content, and only where no lock is
      while (!linked(own, path)) removeStale(path);
    } finally {
      rmSync(own, { force: true });
    }
    return () => rmSync(path, { force: true });
  });
}

/** Removes the lock of a dead process, unless another process was faster. */
function removeStale(path: string): void {
  const text = textOf(path);
  if (text === null) return;
  checkStale(path, text);
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // the lock of a faster process goes back
  if (textOf(aside) !== text) linked(aside, path);
  rmSync(aside, { force: true });
}
