/** @file Handles errors of standard output and standard error, for the whole command. */
import { colour } from './console.ts';

/**
 * Ignores a closed pipe, as after `| head`, and a closed terminal: the command runs on, so that its exit status still tells whether all is right. Ends
 * the command with one message and status 2 when standard output cannot be written for another reason, as on a full disk.
 */
export function handleStreamErrors(): void {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || (code === 'EIO' && process.stdout.isTTY)) return;
    process.stderr.write(
      `${colour.wrong('error:')} standard output cannot be written (${message}): free space there, or write it elsewhere\n`,
    );
    process.exit(2);
  });
  // only errors are written there, and they have an exit status as well
  process.stderr.on('error', () => {});
}
