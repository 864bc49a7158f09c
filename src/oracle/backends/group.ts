/** @file Runs a command in a process group of its own, and ends the whole group. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { plain } from '../../io/text.ts';
import { fail } from '../../tensor/errors.ts';
import type { Failure } from './backend.ts';
import { failed } from './failure.ts';
import { killAfterwards } from './guard.ts';
import { lastLines } from './last-lines.ts';

/** The end of a command: an exit status, a signal, or no start. */
export type Ending =
  | { readonly how: 'status'; readonly status: number }
  | { readonly how: 'signal'; readonly signal: string }
  | { readonly how: 'unstarted'; readonly why: string };

/** A running command and everything that it started, unless that left the group. */
export interface Group {
  /** Its standard input; ended at once where nothing is written. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The last 20 lines on standard error. */
  lastLines(): string[];
  /** Resolves when it has ended and its output has been read. */
  readonly ended: Promise<Ending>;
  /** Ends the group by SIGTERM, and by SIGKILL if it still runs `grace` milliseconds later. */
  kill(grace: number): Promise<void>;
}

/** Milliseconds of reading on after a group's end: a process that left the group may hold the pipes open. */
const READ_ON = 200;

/** Milliseconds after which a killed process counts as hanging in the kernel, and is not waited for. */
const GIVE_UP = 2_000;

/** Milliseconds between two looks whether a group has ended. */
const POLL = 5;

/** Throws on a system without /bin/sh and process groups, which backends need: Windows. */
export function checkSystem(platform: NodeJS.Platform = process.platform): void {
  if (platform !== 'win32') return;
  fail('check --backend does not run on Windows: it needs /bin/sh and process groups. Run it in WSL instead');
}

/** Starts a command through the shell, with arguments behind it. The group is killed when this process ends. */
export function startGroup(command: string, args: readonly string[] = []): Group {
  const script = withExec(command);
  const child = spawnShell(['-c', args.length > 0 ? `${script} "$@"` : script, 'sh', ...args]);
  const end = lastLines(20, 300);
  let isKilling = false;
  let isOver = child.pid === undefined;
  /** Whether a process took the signal. 0 sends none. */
  const signalGroup = (signal: NodeJS.Signals | 0): boolean => {
    try {
      // a negative number is a group; once it is over, another group may get its number
      return !isOver && process.kill(-child.pid!, signal);
    } catch {
      return false;
    }
  };
  let markOver = (): void => {};
  const over = new Promise<void>((resolve) => {
    markOver = resolve;
  });
  const endGroup = (): void => {
    signalGroup('SIGKILL');
    isOver = true;
    callOff();
    markOver();
  };
  const callOff = child.pid === undefined ? () => {} : killAfterwards(-child.pid);
  const letGo = (): void => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    child.unref();
  };
  const ended = new Promise<Ending>((resolve) => {
    const done = (ending: Ending): void => {
      const finish = (): void => {
        letGo();
        resolve(ending);
      };
      child.once('close', finish);
      if (!isKilling) endGroup(); // processes that it left behind
      void over.then(() => pause(READ_ON, undefined, { ref: false })).then(finish);
    };
    child.once('error', (error: NodeJS.ErrnoException) => done({ how: 'unstarted', why: error.code ?? error.message }));
    child.once('exit', (status, signal) => done(endingOf(status, signal)));
  });
  child.stderr.on('data', end.push);
  // errors of closed pipes say less than its end, or its missing answer
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});

  let killed: Promise<void> | null = null;
  async function kill(grace: number): Promise<void> {
    isKilling = true;
    signalGroup('SIGTERM');
    // the shell may end before what it started
    for (const latest = performance.now() + grace; signalGroup(0) && performance.now() < latest; ) await pause(POLL);
    endGroup();
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

function spawnShell(words: readonly string[]): ChildProcessWithoutNullStreams {
  try {
    return spawn('/bin/sh', words, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    return fail(`the backend could not be started (${plain((error as Error).message, 160)}); give a shorter command`);
  }
}

/**
 * Lets a command that is a single program replace the shell, which would otherwise hold the input and output open that the program
 * closed. A command that is more than a program with arguments stays as it is.
 * @example
 * withExec('A=1 python3 "my backend.py"') // 'A=1 exec python3 "my backend.py"'
 */
export function withExec(command: string): string {
  const isSingle = /^(?:[^;&|()\n'"\\`#]|'[^']*'|"(?:[^"\\`]|\\.)*"|\\.)*$/s.test(command);
  const [assignments] = /^\s*(?:[A-Za-z_]\w*=(?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)*\s+)*/.exec(command)!;
  const rest = command.slice(assignments.length);
  // not a keyword of the shell, and not empty
  const isProgram = /^[^\s={}!]+(?:\s|$)/.test(rest) && !/^(?:exec|command|eval|time|source|\.)(?:\s|$)/.test(rest);
  return isSingle && isProgram ? `${assignments}exec ${rest}` : command;
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
 * The failure of an unexpected end; `when` as in `before it answered describe`. The shell's statuses 126 and 127 count as its own
 * until the command has sent a message (`hasSpoken`).
 */
export function endingFailure(ending: Ending, when: string, hasSpoken: boolean): Failure {
  if (ending.how === 'unstarted') return failed('not-found', `the shell /bin/sh could not be started (${ending.why})`);
  if (ending.how === 'signal') return failed('crashed', `${ending.signal} ended it ${when}`);
  const { status } = ending;
  if (status === 127 && !hasSpoken) return failed('not-found', 'the command does not exist');
  if (status === 126 && !hasSpoken) return failed('not-found', 'the command may not be executed');
  return failed('exited', `it exited with status ${status} ${when}`);
}
