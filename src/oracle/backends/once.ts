/** @file A backend that cannot stay: one process for every message, which reads one file and writes another. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, Failure } from './backend.ts';
import { type Carrier, converse, inSeconds, type Patience } from './conversation.ts';
import { failed } from './failure.ts';
import { isFramed } from './framing.ts';
import { endingFailure, type Group, startGroup } from './group.ts';
import { guard } from './guard.ts';
import { defaultLimits, type Limits } from './limits.ts';

/**
 * Asks a command that is started for every message as `COMMAND QUESTION ANSWER`, with two names of files. Each question may take
 * the time of a start besides its own. Throws BackendError where the command does not describe itself.
 */
export async function openOnce(command: string, limits: Partial<Limits> = {}): Promise<Backend> {
  const all = { ...defaultLimits, ...limits };
  return converse(command, fileCarrier(command, all), { ...all, question: all.start + all.question });
}

function fileCarrier(command: string, { grace }: Limits): Carrier {
  const folder = mkdtempSync(join(tmpdir(), 'densessm-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // twice, as a backend that is being killed may still write there
  const callOff = guard('rm -rf "$1" || { sleep 1; rm -rf "$1"; }', folder);
  let group: Group | null = null;
  let count = 0;

  async function carry(file: Uint8Array, patience: Patience): Promise<Uint8Array | Failure> {
    count++;
    const question = join(folder, `${count}.question.safetensors`);
    const answer = join(folder, `${count}.answer.safetensors`);
    writeFileSync(question, file);
    group = startGroup(command, [question, answer]);
    group.stdin.end();
    // nothing is expected there: what is printed is thrown away
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

/** Looks at a file before it reads it: it can be anything. */
function answerFile(path: string, { asked, bytes: most }: Patience): Uint8Array | Failure {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return failed('not-a-message', `it ended without writing the answer to ${asked}`);
  if (!stats.isFile()) return failed('not-a-message', `what it wrote as the answer to ${asked} is not a regular file`);
  if (stats.size > most)
    return failed('too-large', `it wrote ${stats.size} bytes; its answer can have ${most} at most`);
  const bytes = readFileSync(path);
  if (isFramed(bytes)) {
    return failed('not-a-message', 'the file begins with the 16 bytes of a message on a stream; leave them out');
  }
  return bytes;
}
