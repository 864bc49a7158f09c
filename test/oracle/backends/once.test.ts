import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FailureKind } from '../../../src/oracle/backends/backend.ts';
import type { Limits } from '../../../src/oracle/backends/limits.ts';
import { openOnce } from '../../../src/oracle/backends/once.ts';
import { InputError } from '../../../src/tensor/errors.ts';
import { expectGone, failureOf, failureToOpen, limits, question, stranger } from '../../support/strangers.ts';

type Row = [kind: string, failure: FailureKind, message: string, stderr?: string[], limit?: Partial<Limits>];

const atDescribe: Row[] = [
  ['exits-at-once', 'not-a-message', 'it ended without writing the answer to describe'],
  ['says-why', 'exited', 'it exited with status 3 before it answered describe'],
  ['hangs-at-describe', 'timeout', 'it did not answer describe within 4 s', [], { start: 4000 }],
  ['framed', 'not-a-message', 'the file begins with the 16 bytes of a message on a stream; leave them out'],
  ['folder', 'not-a-message', 'what it wrote as the answer to describe is not a regular file'],
  ['large', 'too-large', 'it wrote 2097152 bytes; its answer can have 1048576 at most'],
  ['error-at-describe', 'said-so', 'it reports an error: no GPU'],
  ['leaves-a-child-and-exits', 'exited', 'it exited with status 4 before it answered describe'],
];

const atRun: Row[] = [
  ['hangs-once', 'timeout', 'it did not answer a question within 4.5 s', [], { start: 4000, question: 500 }],
  ['wrong-id', 'wrong-id', 'it answered a question "abc", which was not asked, in place of question 2'],
  [
    'cut-off',
    'not-a-message',
    'its message: tensor "out/y" ends at byte 8 of the data, which has 3; the file is damaged or was cut off: fetch or write it again',
  ],
  [
    'invalid-json',
    'not-a-message',
    'its message: the header is not JSON (Unexpected end of JSON input); write the file again',
  ],
  ['floods-stderr', 'exited', 'it exited with status 1 before it answered a question'],
  ['error', 'said-so', 'it reports an error: out of memory', ['Traceback']],
];

/** A temporary folder for one test. */
function ownTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'temporary-'));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

describe('a backend started anew for every message', () => {
  it.each(atDescribe)('and %s is refused as %s', async (kind, failureKind, message, stderr, limit = {}) => {
    const { command, pids } = stranger(kind);
    const start = performance.now();
    const failure = await failureToOpen(openOnce(command, { ...limits, ...limit }));
    expect(failure).toMatchObject({ kind: failureKind, message, ...(stderr && { stderr }) });
    expect(performance.now() - start).toBeLessThan((limit.start ?? 0) + 4000);
    await expectGone(pids());
  });

  it.each(atRun)('and %s fails as %s: %s', async (kind, failureKind, message, stderr, limit = {}) => {
    const { command, pids } = stranger(kind);
    const backend = await openOnce(command, { ...limits, ...limit });
    const start = performance.now();
    const failure = failureOf(await backend.answer(question()));
    expect(failure).toMatchObject({ kind: failureKind, message, ...(stderr && { stderr }) });
    expect(failure.stderr.length).toBeLessThanOrEqual(20);
    expect(performance.now() - start).toBeLessThan((limit.start ?? 0) + 4000);
    await backend.close();
    await expectGone(pids());
  });

  it('answers, and leaves no file', async () => {
    const { command, pids } = stranger('echo');
    const folder = ownTemporaryFolder();
    const backend = await openOnce(command, limits);
    expect(backend.description.name).toBe('echo');
    for (const length of [1, 0, 100_000]) {
      expect(await backend.answer(question(length))).toEqual({
        kind: 'numbers',
        tensors: new Map([['out/x', { dtype: 'F32', ...question(length).c.inputs.x }]]),
      });
    }
    expect(pids().length).toBe(4);
    await backend.close();
    await expectGone(pids());
    expect(readdirSync(folder)).toEqual([]);
  });

  it('may print text on standard output', async () => {
    const { command } = stranger('text-first');
    const backend = await openOnce(command, limits);
    expect(await backend.answer(question())).toMatchObject({ kind: 'numbers' });
    await backend.close();
  });

  it.each(['/no/such/folder', '/dev/null'])('is refused where TMPDIR is %s', async (folder) => {
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const opening = openOnce('true', limits);
    await expect(opening).rejects.toBeInstanceOf(InputError);
    await expect(opening).rejects.toThrow(
      new RegExp(
        `^the temporary folder ${folder} cannot be written \\(ENO.*\\): set TMPDIR to a writable folder with free space$`,
      ),
    );
  });

  it('is refused if its temporary folder disappears', async () => {
    const { command } = stranger('echo');
    const folder = ownTemporaryFolder();
    const backend = await openOnce(command, limits);
    rmSync(folder, { recursive: true });
    await expect(backend.answer(question())).rejects.toThrow('set TMPDIR');
    await backend.close();
  });

  it('is refused if its command does not exist', async () => {
    const failure = await failureToOpen(openOnce('/no/such/backend', limits));
    expect(failure).toMatchObject({ kind: 'not-found', message: 'the command does not exist' });
  });
});
