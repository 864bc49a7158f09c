/** @file Cleans up after this process, however it ends: it exits or throws, a signal ends it (SIGKILL too), or it crashes. */
import { spawn } from 'node:child_process';

/**
 * Runs a shell script when this process has ended, with `args` as its `$1`, `$2`, …, unless it is called off. A small shell of its
 * own session waits for that: the system closes its standard input with this process. Returns what calls it off. Does nothing on
 * Windows, which has no shell for it.
 * For example: `guard('rm -rf "$1"', folder)`.
 */
export function guard(script: string, ...args: readonly string[]): () => void {
  if (process.platform === 'win32') return () => {};
  // a line calls it off, the end of its input does not
  const shell = spawn('/bin/sh', ['-c', `read -r _ || { ${script}; }`, 'sh', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // where no shell can be started, nothing that needs a guard can either
  for (const one of [shell, shell.stdin]) one.on('error', () => {});
  shell.unref();
  // as a socket, which it is, it need not keep this process alive
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => shell.stdin.end('\n');
}

/** Kills processes when this process has ended; a negative number is a process group. Returns what calls it off. */
export const killAfterwards = (...pids: readonly number[]): (() => void) =>
  guard('kill -s KILL -- "$@"', ...pids.map(String));
