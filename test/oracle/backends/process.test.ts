import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Backend, Failure, FailureKind } from '../../../src/oracle/backends/backend.ts';
import { BackendError } from '../../../src/oracle/backends/failure.ts';
import type { Limits } from '../../../src/oracle/backends/limits.ts';
import { openProcess } from '../../../src/oracle/backends/process.ts';
import { expectGone, failureOf, failureToOpen, limits, question, stranger } from '../../support/strangers.ts';

/** Test backends that fail, with the expected failure, message and standard error, and the limits for the test. */
type Row = [kind: string, failure: FailureKind, message: string, stderr?: string[], limit?: Partial<Limits>];

const TEXT = 'it printed text on standard output, where only messages may be';
const ELSE = 'print to standard error instead';

const atDescribe: Row[] = [
  ['exits-at-once', 'exited', 'it exited with status 0 before it answered describe'],
  [
    'says-why',
    'exited',
    'it exited with status 3 before it answered describe',
    [...Array.from({ length: 19 }, (_, i) => `line ${i + 12}`), 'ImportError: no module named torch'],
  ],
  ['hangs-at-describe', 'timeout', 'it did not answer describe within 4 s', [], { start: 4000 }],
  ['text-first', 'not-a-message', `${TEXT}: "Loading weights…"; ${ELSE}`],
  ['text-in-pieces', 'not-a-message', `${TEXT}: "densessm says hello"; ${ELSE}`],
  ['unframed', 'not-a-message', 'it wrote a safetensors file without the 16 bytes that begin a message'],
  ['error-at-describe', 'said-so', 'it reports an error: no GPU'],
  ['protocol-2', 'wrong-message', 'it speaks protocol "2"; this version of densessm speaks "1"'],
  ['no-operators', 'wrong-message', "its description has no text 'operators'"],
  ['leaves-a-child-and-exits', 'exited', 'it exited with status 4 before it answered describe'],
];

const atRun: Row[] = [
  [
    'crashes',
    'crashed',
    'SIGSEGV ended it before it answered a question (40 of 135 bytes came)',
    ['about to read address 0'],
  ],
  ['hangs-at-run', 'timeout', 'it did not answer a question within 0.4 s', ['thinking'], { question: 400 }],
  [
    'hangs-in-a-message',
    'timeout',
    'it did not answer a question within 0.4 s: 30 of 70 bytes came',
    [],
    { question: 400 },
  ],
  ['hangs-at-run', 'out-of-time', 'all questions together took 3 s, which is the limit', ['thinking'], { total: 3000 }],
  ['floods-stdout', 'not-a-message', `${TEXT}: "a line that repeats"; ${ELSE}`],
  [
    'floods-stdout-with-bytes',
    'not-a-message',
    `it wrote bytes on standard output, where only messages may be: ${'fe '.repeat(16)}…`,
  ],
  ['text-between', 'not-a-message', `${TEXT}: "step 1: loss 0.5"; ${ELSE}`],
  ['cut-off', 'not-a-message', 'its message was cut off: 130 of 135 bytes came'],
  ['wrong-id', 'wrong-id', 'it answered a question "abc", which was not asked, in place of question 2'],
  ['earlier-id', 'wrong-id', 'it answered question 1, which was over, in place of question 2'],
  ['no-id', 'wrong-message', "its message has no text 'id'; it must repeat the question's, here \"2\""],
  ['announces-4-gb', 'too-large', 'it announced 4294967296 bytes; its answer can have 1048704 at most'],
  [
    'invalid-json',
    'not-a-message',
    'its message: the header is not JSON (Unexpected end of JSON input); write the file again',
  ],
  ['odd-name', 'wrong-message', 'its answer has the tensor "y"; names begin with out/, grad/ or tap/'],
  ['unknown-kind', 'wrong-message', 'its message is "result"; expected here is one of answer, unsupported and error'],
  ['no-kind', 'wrong-message', "its message has no text 'message'; here it is one of answer, unsupported and error"],
  ['ignores-sigterm', 'timeout', 'it did not answer a question within 0.4 s', [], { question: 400 }],
  ['closes-stdout', 'exited', 'it closed its standard output before it answered a question, but runs on'],
  ['closes-stdin', 'exited', 'it closed its standard input before it answered a question, but runs on'],
  [
    'floods-stderr',
    'exited',
    'it exited with status 1 before it answered a question',
    [...new Array(18).fill('warning 999'), `${'x'.repeat(300)}…`, 'the last line'],
  ],
];

/** Milliseconds that a failure may take beyond its limit. */
const SLACK = 4000;

describe('a backend that stays', () => {
  it.each(atDescribe)('and %s is refused as %s', async (kind, failureKind, message, stderr = [], limit = {}) => {
    const { command, pids } = stranger(kind);
    const start = performance.now();
    expect(await failureToOpen(openProcess(command, { ...limits, ...limit }))).toEqual({
      kind: failureKind,
      message,
      stderr,
    });
    expect(performance.now() - start).toBeLessThan((limit.start ?? 0) + SLACK);
    await expectGone(pids());
  });

  it.each(atRun)('and %s fails as %s: %s', async (kind, failureKind, message, stderr = [], limit = {}) => {
    const { command, pids } = stranger(kind);
    const memory = process.memoryUsage().rss;
    const backend = await openProcess(command, { ...limits, ...limit });
    const start = performance.now();
    expect(failureOf(await backend.answer(question()))).toEqual({ kind: failureKind, message, stderr });
    expect(performance.now() - start).toBeLessThan((limit.question ?? limit.total ?? 0) + SLACK);
    expect(process.memoryUsage().rss - memory).toBeLessThan(2 ** 27);
    await backend.close();
    await expectGone(pids());
  });

  it('is refused if its command does not exist or may not be executed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stranger-'));
    const file = join(folder, 'backend');
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o600);
    const absent = await failureToOpen(openProcess(join(folder, 'nothing'), limits));
    expect(absent).toMatchObject({ kind: 'not-found', message: 'the command does not exist' });
    expect(absent.stderr.join()).toContain('not found');
    const closed = await failureToOpen(openProcess(file, limits));
    expect(closed).toMatchObject({ kind: 'not-found', message: 'the command may not be executed' });
    expect(closed.stderr.join()).toContain('ermission denied');
    rmSync(folder, { recursive: true });
  });

  it('is refused with one message that ends with the last lines of its standard error', async () => {
    const { command } = stranger('says-why');
    const error = await openProcess(command, limits).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BackendError);
    expect((error as Error).message).toMatch(
      /^backend ".*": it exited with status 3 .*; its standard error ends with\n {2}line 12\n/,
    );
  });
});

/** Opens a test backend, runs `use` with it, closes it, and expects that its processes end. */
async function withStranger(
  kind: string,
  use: (backend: Backend, pids: () => number[]) => Promise<void>,
  limit: Partial<Limits> = {},
): Promise<void> {
  const { command, pids } = stranger(kind);
  const backend = await openProcess(command, { ...limits, ...limit });
  await use(backend, pids);
  await backend.close();
  await expectGone(pids());
}

/** Blocks this thread for a number of milliseconds. */
function busy(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

const fails = async (backend: Backend, length: number): Promise<Failure> =>
  failureOf(await backend.answer(question(length)));

describe('a conversation', () => {
  it('passes on numbers as they are sent', () =>
    withStranger('echo', async (backend) => {
      expect(backend).toMatchObject({
        compiles: false,
        description: {
          name: 'echo',
          operators: { retention: { modes: ['parallel'], dtypes: ['F32', 'F64'], gradients: true } },
        },
      });
      for (const length of [1, 0, 300_000]) {
        const answer = await backend.answer(question(length));
        expect(answer).toEqual({
          kind: 'numbers',
          tensors: new Map([['out/x', { dtype: 'F32', ...question(length).c.inputs.x }]]),
        });
      }
    }));

  it('answers concurrent questions in their order', () =>
    withStranger('echo', async (backend, pids) => {
      const answers = await Promise.all([3, 1, 2].map((length) => backend.answer(question(length))));
      expect(answers.map((answer) => answer.kind === 'numbers' && answer.tensors.get('out/x')!.shape)).toEqual([
        [3],
        [1],
        [2],
      ]);
      expect(pids().length).toBe(1);
    }));

  it('waits longer for the first question of each shape, if the backend compiles', () =>
    withStranger(
      'compiles-slowly',
      async (backend) => {
        for (const length of [1, 1, 2, 2]) expect((await backend.answer(question(length))).kind).toBe('numbers');
        expect((await fails(backend, 1)).message).toBe('it did not answer a question within 0.4 s');
        // the new process compiles anew
        expect((await backend.answer(question(1))).kind).toBe('numbers');
      },
      { question: 400, compile: 9000 },
    ));

  it('has a limit for compilations, too', () =>
    withStranger(
      'compiles-slowly',
      async (backend) => {
        expect(await fails(backend, 1)).toMatchObject({
          kind: 'timeout',
          message: 'it did not answer the first question of a shape within 0.3 s',
        });
      },
      { question: 100, compile: 200 },
    ));

  it('reports that the backend compiles for every shape', () =>
    withStranger('compiles', async (backend) => {
      expect(backend.compiles).toBe(true);
    }));

  it('does not check types, shapes and counts, which the judge checks', () =>
    withStranger('wrong-numbers', async (backend) => {
      const answer = await backend.answer(question());
      expect(answer.kind === 'numbers' && [...answer.tensors]).toMatchObject([
        ['out/x', { dtype: 'I64', shape: [1, 1] }],
        ['grad/z', { dtype: 'F64', shape: [1] }],
      ]);
    }));

  it('keeps the same process after unsupported and error', async () => {
    await withStranger('unsupported', async (backend, pids) => {
      for (let i = 0; i < 2; i++) {
        expect(await backend.answer(question())).toEqual({ kind: 'unsupported', reason: 'heads are multiples of 8' });
      }
      expect(pids().length).toBe(1);
    });
    await withStranger('error', async (backend, pids) => {
      for (let i = 0; i < 5; i++) {
        expect(await fails(backend, 2)).toMatchObject({
          kind: 'said-so',
          message: 'it reports an error: out of memory',
        });
      }
      expect((await fails(backend, 2)).stderr).toContain('Traceback');
      expect(pids().length).toBe(1);
    });
  });

  it('starts a new process after a late answer, and never takes that answer for the next question', () =>
    withStranger(
      'late',
      async (backend, pids) => {
        expect(await fails(backend, 1)).toMatchObject({ kind: 'timeout' });
        for (const length of [2, 3]) {
          expect(await backend.answer(question(length))).toMatchObject({
            tensors: new Map([['out/x', { shape: [length] }]]),
          });
        }
        expect(pids().length).toBe(2);
      },
      { question: 500 },
    ));

  it('reads an answer that arrived while this process was busy, even after the time limit', () =>
    withStranger(
      'echo',
      async (backend) => {
        const answer = backend.answer(question());
        await new Promise(setImmediate);
        busy(1500);
        expect(await answer).toMatchObject({ kind: 'numbers' });
        // the same if most of the question is not yet written
        const large = backend.answer(question(1_000_000));
        busy(1500);
        expect(await large).toMatchObject({ kind: 'numbers' });
      },
      { question: 1000 },
    ));

  it('sends a question at once, so that backend and caller work in parallel', () =>
    withStranger('notes-runs', async (backend, pids) => {
      const answer = backend.answer(question());
      const latest = performance.now() + 5000;
      // busy wait: no await until the backend has started
      while (pids().length < 2 && performance.now() < latest);
      expect(pids().length).toBe(2);
      await answer;
    }));

  it('counts unrequested output as a failure of the next question', async () => {
    await withStranger('text-after', async (backend) => {
      expect(await backend.answer(question())).toMatchObject({ kind: 'numbers' });
      expect(await fails(backend, 2)).toMatchObject({ kind: 'not-a-message', message: `${TEXT}: "answered"; ${ELSE}` });
      expect(await backend.answer(question())).toMatchObject({ kind: 'numbers' });
    });
    await withStranger('answers-twice', async (backend) => {
      expect(await backend.answer(question())).toMatchObject({ kind: 'numbers' });
      expect(await fails(backend, 2)).toMatchObject({
        kind: 'wrong-id',
        message: 'it answered question 2, which was over, in place of question 3',
      });
    });
    await withStranger('floods-with-messages', async (backend) => {
      expect(await backend.answer(question())).toMatchObject({ kind: 'numbers' });
      expect((await fails(backend, 2)).kind).toMatch(/^wrong-(id|message)$/);
    });
    await withStranger('exits-after-answers', async (backend, pids) => {
      expect(await backend.answer(question())).toMatchObject({ kind: 'numbers' });
      await expectGone(pids());
      expect((await fails(backend, 2)).message).toMatch(
        /^it exited with status 0 (between two questions|before it answered)/,
      );
    });
  });

  it('stops waiting for a backend that does not read', () =>
    withStranger(
      'reads-nothing',
      async (backend) => {
        expect(await fails(backend, 1_000_000)).toMatchObject({
          kind: 'timeout',
          message: 'it did not read a question within 0.4 s',
        });
      },
      { question: 400 },
    ));

  it('ends after four failures in a row; an answer in between resets the count', () =>
    withStranger('crashes-now-and-then', async (backend, pids) => {
      const message = 'it exited with status 9 before it answered a question';
      for (const length of [1, 1, 1, 2, 1, 1, 1, 1]) {
        if (length === 2) expect(await backend.answer(question(2))).toMatchObject({ kind: 'numbers' });
        else expect(await fails(backend, length)).toEqual({ kind: 'exited', message, stderr: [] });
      }
      expect(pids().length).toBe(7);
      const start = performance.now();
      expect(await fails(backend, 2)).toMatchObject({
        kind: 'given-up',
        message: `${message} (4 failures in a row: it is not asked any more)`,
      });
      expect(performance.now() - start).toBeLessThan(100);
      expect(pids().length).toBe(7);
    }));

  it('ends processes that the backend has started', () =>
    withStranger('leaves-a-child', async (backend, pids) => {
      expect(await backend.answer(question())).toMatchObject({ kind: 'numbers' });
      expect(pids().length).toBe(2);
    }));

  it('starts a fresh process after it is renewed', () =>
    withStranger('echo', async (backend, pids) => {
      await backend.renew!();
      await expectGone(pids());
      expect((await backend.answer(question(3))).kind).toBe('numbers');
      expect(pids().length).toBe(2);
    }));

  it('ends the open question when it is closed, and starts no new process', () =>
    withStranger('hangs-at-run', async (backend, pids) => {
      const answers = [1, 2].map(() => backend.answer(question()));
      await backend.close();
      for (const answer of answers) expect(failureOf(await answer).kind).toMatch(/^(crashed|exited)$/);
      expect(pids().length).toBe(1);
    }));

  it('ends a backend without a signal if the backend stops at the end of its input', () =>
    withStranger(
      'echo',
      async (backend) => {
        const start = performance.now();
        await backend.close();
        await backend.close();
        expect(performance.now() - start).toBeLessThan(10_000);
        await expect(backend.answer(question())).rejects.toThrow('the backend is closed; open it again');
      },
      { grace: 20_000 },
    ));
});
