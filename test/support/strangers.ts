/** @file Runs the test backends of stranger.mjs, asks them questions, and checks that their processes end. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import type { Answer, Failure, Question } from '../../src/oracle/backends/backend.ts';
import { BackendError } from '../../src/oracle/backends/failure.ts';
import type { Limits } from '../../src/oracle/backends/limits.ts';

const script = fileURLToPath(new URL('stranger.mjs', import.meta.url));

/** A question with an input `x` of `length` numbers. */
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

/** Limits that are long enough on a busy machine. Tests of hangs set smaller ones. */
export const limits: Limits = {
  start: 20_000,
  question: 10_000,
  compile: 10_000,
  total: 60_000,
  restarts: 3,
  grace: 300,
};

/** A test backend that records the ids of its processes. */
export interface Stranger {
  readonly command: string;
  /** The file to which its processes write their ids. */
  readonly file: string;
  /** The ids of all processes that it has started so far. */
  pids(): number[];
}

/** A test backend of a kind, for one test. */
export function stranger(kind: string): Stranger {
  const folder = mkdtempSync(join(tmpdir(), 'stranger-'));
  const file = join(folder, 'pids');
  writeFileSync(file, '');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return {
    file,
    command: `PIDS='${file}' '${process.execPath}' '${script}' ${kind}`,
    pids: () => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number),
  };
}

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux'; // on Linux: it has ended in between
  }
}

/** Expects that there were processes and that all end within 3 seconds. */
export async function expectGone(pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(0);
  await expect.poll(() => pids.filter(isRunning), { timeout: 3000 }).toEqual([]);
}

/** Returns the failure in an answer. Throws on any other answer. */
export function failureOf(answer: Answer): Failure {
  if (answer.kind !== 'failure') throw new Error(`it answered ${answer.kind}`);
  return answer.failure;
}

/** Opens a backend that must fail to open, and returns its failure. */
export async function failureToOpen(opening: Promise<unknown>): Promise<Failure> {
  const error = await opening.then(
    () => new Error('it opened'),
    (reason: unknown) => reason,
  );
  if (error instanceof BackendError) return error.failure;
  throw error;
}
