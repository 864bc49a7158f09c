import { describe, expect, it } from 'vitest';
import type { StoredTensor } from '../../../src/io/safetensors.ts';
import type { Backend, Question } from '../../../src/oracle/backends/backend.ts';
import { check } from '../../../src/oracle/check/check.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';
import { programBackend } from './program-backend.ts';

type Answered = Map<string, StoredTensor>;

/** Checks a backend whose answers depend on a memory, which a fresh process has not. */
async function rowsOf(
  remember: (answer: Answered, question: Question, memory: Map<string, Answered>) => Answered,
  modes = ['recurrent', 'scan'],
) {
  const memory = new Map<string, Answered>();
  const backend: Backend = {
    ...programBackend({}, (answer, question) => remember(answer, question, memory)),
    renew: async () => memory.clear(),
  };
  const printed: CheckRow[] = [];
  const { rows, ok } = await check(backend, {
    cases: 100,
    longest: 17,
    seed: 1,
    operators: ['linearScan'],
    modes,
    dtypes: ['F32'],
    onRow: (row) => printed.push(row),
  });
  expect(ok).toBe(rows.every(({ outputs, gradients }) => outputs === 'PASS' && gradients === 'PASS'));
  return { rows, printed };
}

const shapesOf = ({ c }: Question): string => JSON.stringify(Object.values(c.inputs).map(({ shape }) => shape));

const shifted = (answer: Answered): Answered =>
  new Map([...answer].map(([name, x]) => [name, { ...x, data: x.data.map((value) => value + 1) }]));

describe('answers that depend on what was asked before', () => {
  it('are found where a cache looks only at shapes', async () => {
    const { rows } = await rowsOf(
      (answer, question, memory) => {
        const known = memory.get(shapesOf(question)) ?? answer;
        memory.set(shapesOf(question), known);
        return known;
      },
      ['recurrent'],
    );
    expect(rows.map(({ outputs }) => outputs)).toEqual(['FAIL']);
  });

  it('are found where a question is wrong only when it comes again, after others', async () => {
    const { rows } = await rowsOf(
      (answer, { c }, memory) => {
        const key = JSON.stringify([...c.inputs.b!.data]);
        const isBack = memory.has(key) && [...memory.keys()].at(-1) !== key;
        if (!isBack) memory.delete(key);
        memory.set(key, answer);
        return isBack ? shifted(answer) : answer;
      },
      ['recurrent'],
    );
    expect(rows[0]!.finding!.message).toMatch(/^depends on what was asked before: right at first, wrong after other/);
  });

  it('are found where the first answer of a process is wrong for all rows but the first', async () => {
    const { rows, printed } = await rowsOf((answer, { mode }, memory) => {
      memory.set(mode, answer);
      return mode === 'scan' && !memory.has('recurrent') ? shifted(answer) : answer;
    });
    expect(rows.map(({ outputs }) => outputs)).toEqual(['PASS', 'FAIL']);
    expect(rows[1]!.finding!.message).toMatch(/right after other questions, wrong in a fresh process: out\/output\[/);
    expect(rows[1]!.finding!.replay.path).not.toBe('');
    // a row is printed again when its verdict changes
    expect(printed).toEqual([rows[0], { ...rows[1], outputs: 'PASS', gradients: 'PASS', finding: null }, rows[1]]);
  });

  it('are not seen in right ones', async () => {
    const { rows } = await rowsOf((answer) => answer);
    expect(rows.map(({ outputs }) => outputs)).toEqual(['PASS', 'PASS']);
  });

  it('are not the errors of a process that an error broke', async () => {
    const isBreaking = ({ c }: Question): boolean => c.inputs.b!.shape[1] === 5;
    const message = 'an illegal memory access';
    const memory = { isBroken: false };
    const backend: Backend = {
      ...programBackend({}, (answer, question) => {
        memory.isBroken ||= isBreaking(question);
        return memory.isBroken ? { kind: 'failure', failure: { kind: 'said-so', message, stderr: [] } } : answer;
      }),
      renew: async () => {
        memory.isBroken = false;
      },
    };
    const { rows } = await check(backend, {
      ...{ cases: 40, longest: 17, seed: 1, keepGoing: true },
      ...{ operators: ['linearScan'], modes: ['recurrent'], dtypes: ['F32'] },
    });
    const failing = rows[0]!.judged!.filter(({ failure }) => failure !== null);
    const own = failing.filter(({ lengths }) => lengths.t === 5);
    expect(rows[0]!.judged).toHaveLength(40);
    expect(failing).toEqual(own);
    expect(own.length).toBeGreaterThan(0);
  });
});
