/** @file Helpers of the tests of backends: commands of backends written by others, questions, and whether a process still runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import type { Answer, Failure, Question } from '../../src/oracle/backends/backend.ts';
import { BackendError } from '../../src/oracle/backends/failure.ts';
import type { Limits } from '../../src/oracle/backends/limits.ts';

const script = fileURLToPath(new URL('stranger.mjs', import.meta.url));

/** A question about `x` of so many numbers. */
export const question = (length = 2, changes: Partial<Question> = {}): Question => ({
  operator: 'retention',
  mode: 'parallel',
  dtype: 'F32',
  gradients: false,
  c: {
    inputs: { x: { shape: [length], data: Float64Array.from({ length }, (_, i) => i + 0.5) } },
    cotangents: { y: { shape: [length], data: new Float64Array(length).fill(1) } },
    settings: { decay: [0.5] },
    seed: 1,
    values: 'normal',
  },
  ...changes,
});

/** Enough on a busy machine; a hang is found by a smaller limit. */
export const limits: Limits = { start: 20_000, question: 10_000, total: 60_000, restarts: 3, grace: 300 };

/** A stranger that notes the numbers of its processes. */
export interface Stranger {
  readonly command: string;
  /** All processes that it has had. */
  pids(): number[];
}

/** A stranger of a kind, for one test. */
export function stranger(kind: string): Stranger {
  const folder = mkdtempSync(join(tmpdir(), 'stranger-'));
  const file = join(folder, 'pids');
  writeFileSync(file, '');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return {
    command: `PIDS='${file}' '${process.execPath}' '${script}' ${kind}`,
    pids: () => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number),
  };
}

/** Whether a process runs. One that has ended and that nobody has asked about yet does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux'; // gone meanwhile
  }
}

/** Asserts that there were processes and that none is left, at the latest in a moment. */
export async function expectGone(pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(0);
  await expect.poll(() => pids.filter(isRunning), { timeout: 3000 }).toEqual([]);
}

/** The failure of an answer that must be one. */
export function failureOf(answer: Answer): Failure {
  if (answer.kind !== 'failure') throw new Error(`it answered ${answer.kind}`);
  return answer.failure;
}

/** The failure with which a backend must refuse to open. */
export async function failureToOpen(opening: Promise<unknown>): Promise<Failure> {
  const error = await opening.then(
    () => new Error('it opened'),
    (reason: unknown) => reason,
  );
  if (error instanceof BackendError) return error.failure;
  throw error;
}
