/** @file Runs a backend once for every message: a process reads the question from a file and writes the answer to another. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../tensor/errors.ts';
import type { Backend, Failure } from './backend.ts';
import { type Carrier, converse, inSeconds, type Patience } from './conversation.ts';
import { failed } from './failure.ts';
import { isFramed } from './framing.ts';
import { checkSystem, endingFailure, type Group, startGroup } from './group.ts';
import { guard } from './guard.ts';
import { defaultLimits, type Limits } from './limits.ts';

/** The last argument of a command that is started for one message: files before it are a question and an answer, and no user's. */
export const onceFlag = '--densessm-once';

/**
 * Asks a command that is started for every message, as `COMMAND QUESTION ANSWER --densessm-once` with two names of files. A
 * question may take the time of a start besides its own. Throws BackendError when the command does not describe itself, and
 * InputError when there is no folder for the files.
 */
export async function openOnce(command: string, limits: Partial<Limits> = {}): Promise<Backend> {
  checkSystem();
  const all = { ...defaultLimits, ...limits };
  return converse(command, fileCarrier(command, all), { ...all, question: all.start + all.question });
}

function fileCarrier(command: string, { grace }: Limits): Carrier {
  const folder = writing(() => mkdtempSync(join(tmpdir(), 'densessm-')));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // twice, as a backend that is being killed may still write there
  const callOff = guard('rm -rf "$1" || { sleep 1; rm -rf "$1"; }', folder);
  let group: Group | null = null;
  let count = 0;

  async function carry(file: Uint8Array, patience: Patience): Promise<Uint8Array | Failure> {
    count++;
    const question = join(folder, `${count}.question.safetensors`);
    const answer = join(folder, `${count}.answer.safetensors`);
    writing(() => writeFileSync(question, file));
    group = startGroup(command, [question, answer, onceFlag]);
    group.stdin.end();
    // prints are thrown away
    group.stdout.resume();
    try {
      const ending = await Promise.race([group.ended, patience.late]);
      if (ending === undefined) {
        await group.kill(grace);
        return failed('timeout', `it did not answer ${patience.asked} within ${inSeconds(patience.milliseconds)}`);
      }
      if (ending.how !== 'status' || ending.status !== 0)
        return endingFailure(ending, `before it answered ${patience.asked}`, false);
      return answerFile(answer, patience);
    } finally {
      for (const path of [question, answer]) rmSync(path, { recursive: true, force: true });
    }
  }

  const lastLines = (): readonly string[] => group?.lastLines() ?? [];
  return {
    startsAnew: () => false,
    stays: false,
    carry,
    giveUp: async (failure) => ({ ...failure, stderr: lastLines() }),
    lastLines,
    async close() {
      await group?.kill(grace);
      callOff();
      remove();
    },
  };
}

/** Writes into the temporary folder. Throws an InputError that names it when the system refuses. */
function writing<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    const why = (error as Error).message;
    return fail(
      `the temporary folder ${tmpdir()} cannot be written (${why}): set TMPDIR to a writable folder with free space`,
    );
  }
}

/** Looks at a file before it reads it: it can be anything. */
function answerFile(path: string, { asked, bytes: most }: Patience): Uint8Array | Failure {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return failed('not-a-message', `it ended without writing the answer to ${asked}`);
  if (!stats.isFile()) return failed('not-a-message', `what it wrote as the answer to ${asked} is not a regular file`);
  if (stats.size > most)
    return failed('too-large', `it wrote ${stats.size} bytes; its answer can have ${most} at most`);
  const bytes = readIfAllowed(path);
  if (bytes === null) return failed('not-a-message', `what it wrote as the answer to ${asked} may not be read`);
  if (isFramed(bytes)) {
    return failed('not-a-message', 'the file begins with the 16 bytes of a message on a stream; leave them out');
  }
  return bytes;
}

function readIfAllowed(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
