/** @file A command in a process group of its own, of which nothing is left when it ends. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fail } from '../../tensor/errors.ts';
import { atExit } from './at-exit.ts';
import type { Failure } from './backend.ts';
import { failed } from './failure.ts';
import { lastLines } from './text.ts';

/** How a command ended: with an exit status, by a signal, or without having begun. */
export type Ending =
  | { readonly how: 'status'; readonly status: number }
  | { readonly how: 'signal'; readonly signal: string }
  | { readonly how: 'unstarted'; readonly why: string };

/** A running command and everything that it started, unless that left the group. */
export interface Group {
  /** Where it reads; ended at once where nothing is to be written. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The last 20 lines on standard error. */
  lastLines(): string[];
  /** Once it has ended and what it wrote has been read. */
  readonly ended: Promise<Ending>;
  /** Ends the group: it is asked to (SIGTERM), and forced to (SIGKILL) when it has not ended `grace` milliseconds later. */
  kill(grace: number): Promise<void>;
}

/** So long after its end, what it has written is still read: a process that left the group may hold the pipes open. */
const READ_ON = 200;

/** A killed process that is not gone after this time hangs in the kernel: it is not waited for. */
const GIVE_UP = 2_000;

/** Starts a command through the shell; `files` are arguments behind it. The group is killed when this process ends. */
export function startGroup(command: string, files: readonly string[] = []): Group {
  if (process.platform === 'win32')
    fail('a backend needs the process groups of Linux and macOS; on Windows, run densessm in WSL');
  const child = spawn('/bin/sh', ['-c', files.length > 0 ? `${command} "$@"` : command, 'sh', ...files], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const end = lastLines(20, 300);
  let isOver = child.pid === undefined;
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      // a negative number is a group; another one may have its number when it is over
      if (!isOver) process.kill(-child.pid!, signal);
    } catch {
      // all gone
    }
  };
  const callOff = atExit(() => signalGroup('SIGKILL'));
  const letGo = (): void => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    child.unref();
  };
  const ended = new Promise<Ending>((resolve) => {
    const done = (ending: Ending): void => {
      signalGroup('SIGKILL'); // what it started and left behind
      isOver = true;
      callOff();
      const finish = (): void => {
        clearTimeout(timer);
        letGo();
        resolve(ending);
      };
      const timer = setTimeout(finish, READ_ON);
      child.once('close', finish);
    };
    child.once('error', (error: NodeJS.ErrnoException) => done({ how: 'unstarted', why: error.code ?? error.message }));
    child.once('exit', (status, signal) => done(endingOf(status, signal)));
  });
  child.stderr.on('data', end.push);
  // a pipe that it closed: its end, or its silence, says more
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});

  let killed: Promise<void> | null = null;
  async function kill(grace: number): Promise<void> {
    signalGroup('SIGTERM');
    if (await settlesWithin(ended, grace)) return;
    signalGroup('SIGKILL');
    if (!(await settlesWithin(ended, GIVE_UP))) letGo();
  }
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    lastLines: end.lines,
    ended,
    kill: (grace) => (killed ??= kill(grace)),
  };
}

/** Whether a promise settles in time. */
export async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The shell reports the signal that ended its command as 128 + its number. */
function endingOf(status: number | null, signal: NodeJS.Signals | null): Ending {
  if (signal !== null) return { how: 'signal', signal };
  const [name] = Object.entries(constants.signals).find(([, number]) => number + 128 === status) ?? [];
  return name === undefined ? { how: 'status', status: status ?? 0 } : { how: 'signal', signal: name };
}

/**
 * An end that was not asked for; `when` as in `before it answered describe`. The shell's own statuses 126 and 127 are believed
 * until the command has said something (`hasSpoken`).
 */
export function endingFailure(ending: Ending, when: string, hasSpoken: boolean): Failure {
  if (ending.how === 'unstarted') return failed('not-found', `the shell /bin/sh could not be started (${ending.why})`);
  if (ending.how === 'signal') return failed('crashed', `${ending.signal} ended it ${when}`);
  const { status } = ending;
  if (status === 127 && !hasSpoken) return failed('not-found', 'the command does not exist');
  if (status === 126 && !hasSpoken) return failed('not-found', 'the command may not be executed');
  return failed('exited', `it exited with status ${status} ${when}`);
}
