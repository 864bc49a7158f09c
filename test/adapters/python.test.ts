import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Backend, Dtype, Question } from '../../src/oracle/backends/backend.ts';
import { openOnce } from '../../src/oracle/backends/once.ts';
import { openProcess } from '../../src/oracle/backends/process.ts';
import type { Tensors } from '../../src/oracle/case.ts';
import { check } from '../../src/oracle/check/check.ts';
import { type Library, pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import { root } from '../support/root.ts';

const folder = join(root, 'adapters/python');
const scratch = mkdtempSync(join(tmpdir(), 'adapter-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const open: Backend[] = [];
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});

const keep = async (opening: Promise<Backend>): Promise<Backend> => {
  const backend = await opening;
  open.push(backend);
  return backend;
};

/** Writes a program to a file. Returns a command that runs it with the adapter in its path. */
function commandOf(python: string, program: string): string {
  const path = join(scratch, `${Math.random()}.py`);
  writeFileSync(path, program);
  return `PYTHONPATH=${folder} ${python} ${path}`;
}

/** A backend with one operator, `twice`, whose function has the given body. */
const twice = (body: string, options = '', before = '', library: Library = 'numpy'): string => `
import numpy as np
from densessm_backend import Backend, Unsupported
backend = Backend('small', library='${library}')
${before}
@backend.operator('twice', modes=['only']${options})
def twice(inputs, settings, mode):
    ${body}
backend.run()
`;

const right = "return {'y': inputs['x'] * 2}";

const numbers = (...data: number[]) => ({ shape: [data.length], data: Float64Array.from(data) });

/** Asks `twice` about the numbers 1 and 2. */
const question = (more: Partial<Question> = {}, inputs: Tensors = { x: numbers(1, 2) }): Question => ({
  operator: 'twice',
  mode: 'only',
  dtype: 'F32',
  gradients: false,
  c: { inputs, cotangents: { y: numbers(3, 5) }, settings: {}, seed: 1, values: 'normal' },
  ...more,
});

/** The numbers of an answer, by name. Throws on any other kind of answer. */
function numbersOf(answer: Answer): Record<string, number[]> {
  if (answer.kind !== 'numbers') throw new Error(JSON.stringify(answer));
  return Object.fromEntries([...answer.tensors].map(([name, { data }]) => [name, [...data]]));
}

/** The types and shapes of an answer, by name. */
const formsOf = (answer: Answer): Record<string, string> =>
  answer.kind !== 'numbers'
    ? {}
    : Object.fromEntries([...answer.tensors].map(([name, { dtype, shape }]) => [name, `${dtype} [${shape}]`]));

const failureOf = (answer: Answer) => (answer.kind === 'failure' ? answer.failure : null);

/** The program in the adapter's docstring. */
const documented = (): string => {
  const [, text] = readFileSync(join(folder, 'densessm_backend.py'), 'utf8').split('"""');
  return [...text!.matchAll(/^ {4}(.*)$|^$/gm)].map(([, line = '']) => line).join('\n');
};

const kernelOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('the adapter', () => {
  it('has at most 150 lines', () => {
    expect(readFileSync(join(folder, 'densessm_backend.py'), 'utf8').trimEnd().split('\n').length).toBeLessThan(151);
  });
});

const file = 'test/adapters/python.test.ts';
const [numpy, torch] = [pythonWith('numpy'), pythonWith('numpy', 'torch')];

/** Expects that a check of a backend has `rows` supported rows and that all of them pass. */
async function passes(command: string, rows: number): Promise<void> {
  const backend = await keep(openProcess(command));
  const report = await check(backend, { cases: 25, longest: 17, seed: 5 });
  const asked = report.rows.filter(({ outputs }) => outputs !== 'UNSUPPORTED');
  expect(report.problems).toEqual([]);
  expect(asked.filter(({ outputs, gradients }) => outputs !== 'PASS' || gradients !== 'PASS')).toEqual([]);
  expect(asked).toHaveLength(rows);
}

if (numpy === null) {
  tellsThatItDidNotRun(file, 'numpy');
} else {
  const start = (body: string, options?: string, before?: string) =>
    keep(openProcess(commandOf(numpy, twice(body, options, before))));

  describe('the adapter with numpy', () => {
    it('describes its operators', async () => {
      const { description } = await start(right, ", dtypes=['F32']");
      expect(description).toEqual({
        name: 'small',
        operators: { twice: { modes: ['only'], dtypes: ['F32'], gradients: false } },
      });
    });

    it.each<Dtype>(['F32', 'F64'])(
      'answers in %s, with gradients if the operator has a gradient function',
      async (dtype) => {
        const before = `
def backward(inputs, cotangents, settings, mode):
    return {'x': cotangents['y'] * settings['factor']}
`;
        const backend = await start("return {'y': inputs['x'] * settings['factor']}", ', gradients=backward', before);
        const c = { ...question().c, settings: { factor: 0.1 } };
        const answer = await backend.answer(question({ dtype, gradients: true, c }));
        const rounded = (x: number): number => (dtype === 'F32' ? Math.fround(x) : x);
        const tenth = rounded(0.1);
        expect(numbersOf(answer)).toEqual({
          'out/y': [tenth, rounded(2 * tenth)],
          'grad/x': [rounded(3 * tenth), rounded(5 * tenth)],
        });
        expect(formsOf(answer)).toEqual({ 'out/y': `${dtype} [2]`, 'grad/x': `${dtype} [2]` });
        expect(numbersOf(await backend.answer(question({ dtype, c })))).toEqual({
          'out/y': [tenth, rounded(2 * tenth)],
        });
      },
    );

    it('accepts indices, scalars and axes of length 0', async () => {
      const backend = await start("return {name: x for name, x in inputs.items()} | {'y': inputs['i'][:1]}");
      const inputs: Tensors = {
        i: { ...numbers(7, 8), kind: 'index' },
        one: { shape: [], data: Float64Array.of(0.5) },
        none: { shape: [0, 3], data: new Float64Array() },
      };
      const answer = await backend.answer(question({ c: { ...question().c, inputs } }));
      expect(numbersOf(answer)).toEqual({ 'out/i': [7, 8], 'out/one': [0.5], 'out/none': [], 'out/y': [7] });
      expect(formsOf(answer)).toEqual({
        'out/i': 'I32 [2]',
        'out/one': 'F32 []',
        'out/none': 'F32 [0,3]',
        'out/y': 'I32 [1]',
      });
    });

    it('returns types and shapes unchanged, because the oracle judges them', async () => {
      const backend = await start("return {'y': np.ones((1, 3), np.float16)}");
      expect(formsOf(await backend.answer(question()))).toEqual({ 'out/y': 'F16 [1,3]' });
    });

    it.each([
      ["raise ValueError('no luck')", 'it reports an error: ValueError: no luck'],
      [
        "return inputs['x']",
        "it reports an error: TypeError: twice returns <class 'numpy.ndarray'>: return a dict of ",
      ],
      [
        "return {'y': [1, 2]}",
        "it reports an error: TypeError: out/y is a <class 'list'>: return a tensor of float64, ",
      ],
      [
        "return {'y': inputs['x'] > 0}",
        'it reports an error: TypeError: out/y is a bool: return a tensor of float64, ',
      ],
      [
        "inputs['x'] += 1; return {'y': inputs['x']}",
        "it reports an error: ValueError: twice overwrites its input 'x': copy it first if your kernel works in place",
      ],
    ])('reports an error and continues: %s', async (body, message) => {
      const backend = await start(`if 'fine' in settings: ${right}\n    ${body}`);
      const failure = failureOf(await backend.answer(question()));
      expect(failure?.kind).toBe('said-so');
      expect(failure?.message).toContain(message);
      expect(failure?.stderr.join('\n')).toContain('Traceback (most recent call last)');
      const c = { ...question().c, settings: { fine: true } };
      expect(numbersOf(await backend.answer(question({ c })))).toEqual({ 'out/y': [2, 4] });
    });

    it('shows the traceback of every error', async () => {
      const backend = await start("raise ValueError(settings['i'])");
      for (let i = 0; i < 300; i++) {
        const answer = await backend.answer(question({ c: { ...question().c, settings: { i } } }));
        expect(failureOf(answer)?.stderr.at(-1)).toMatch(new RegExp(`ValueError: ${i}$`));
      }
    });

    it('declares that it compiles for every shape', async () => {
      expect((await start(right)).compiles).toBe(false);
      const program = twice(right).replace("library='numpy'", "library='numpy', compiles=True");
      expect((await keep(openProcess(commandOf(numpy, program)))).compiles).toBe(true);
    });

    it('names an output that the backward pass needs but the function does not return', async () => {
      const backend = await start("return {'z': inputs['x']}", ', gradients=lambda *_: {}');
      expect(failureOf(await backend.answer(question({ gradients: true })))?.message).toBe(
        "it reports an error: TypeError: twice returns ['z']: return a dict of ['y']",
      );
    });

    it('answers unsupported with the reason', async () => {
      const backend = await start("raise Unsupported('odd lengths' if settings else '')");
      expect(await backend.answer(question({ c: { ...question().c, settings: { a: 1 } } }))).toEqual({
        kind: 'unsupported',
        reason: 'odd lengths',
      });
      expect(await backend.answer(question())).toEqual({ kind: 'unsupported', reason: 'it gives no reason' });
    });

    it('keeps its messages intact when a kernel prints', async () => {
      const noise = `import os, subprocess, sys
    print('printed'); sys.stdout.write('written'); os.write(1, b'raw'); subprocess.run(['echo', 'child'])
    `;
      const backend = await start(noise + right, '', "print('while it starts', flush=True)");
      expect(numbersOf(await backend.answer(question()))).toEqual({ 'out/y': [2, 4] });
      expect(numbersOf(await backend.answer(question()))).toEqual({ 'out/y': [2, 4] });
    });

    it('ends at the end of its input, and explains itself if the input is not a message', () => {
      const run = (input: string) =>
        spawnSync('sh', ['-c', commandOf(numpy, twice(right))], { input, encoding: 'utf8' });
      expect(run('')).toMatchObject({ status: 0, stdout: '', stderr: '' });
      const wrong = run('hello, is this a backend?');
      expect(wrong).toMatchObject({ status: 1, stdout: '' });
      expect(wrong.stderr).toMatch(/^densessm starts this program: npx densessm check --backend /);
    });

    it('exits with an explanation if a person starts it in a terminal', () => {
      const pty = `import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', sys.argv[1]])))`;
      const run = spawnSync(numpy, ['-c', pty, commandOf(numpy, twice(right))], { encoding: 'utf8', timeout: 20_000 });
      expect(run).toMatchObject({ status: 1, stdout: expect.stringMatching(/^densessm starts this program/) });
    });

    it('never overwrites a file', () => {
      const [config, weights] = ['config.json', 'weights.bin'].map((name) => join(scratch, name)) as [string, string];
      writeFileSync(config, '{}');
      writeFileSync(weights, 'weights');
      const command = `${commandOf(numpy, twice(right))} '${config}' '${weights}'`;
      expect(spawnSync('sh', ['-c', command], { input: '' }).status).toBe(0);
      expect(readFileSync(weights, 'utf8')).toBe('weights');
      const once = spawnSync('sh', ['-c', `${command} --densessm-once`], { encoding: 'utf8' });
      expect(once.status).toBe(1);
      expect(once.stderr).toContain('FileExistsError');
      expect(readFileSync(weights, 'utf8')).toBe('weights');
    });

    it('answers through files when started for every message', async () => {
      const backend = await keep(openOnce(commandOf(numpy, twice(`print('noise'); ${right}`))));
      expect(backend.description.name).toBe('small');
      expect(numbersOf(await backend.answer(question()))).toEqual({ 'out/y': [2, 4] });
    });

    it('needs no torch', async () => {
      const without = mkdtempSync(join(scratch, 'without-'));
      writeFileSync(join(without, 'torch.py'), "raise ImportError('torch was imported')");
      await passes(`PYTHONPATH=${without} ${numpy} ${join(folder, 'example_numpy.py')}`, 10);
    });
  });
}

const needed: readonly Library[] = ['numpy', 'torch'];
if (torch === null) {
  tellsThatItDidNotRun(file, ...needed);
} else {
  describe('the adapter with torch', () => {
    it('passes the program in its docstring', async () => {
      await passes(commandOf(torch, documented()), 2);
    });

    it('passes my_kernel.py, and finds the bug in broken_kernel.py', async () => {
      const [right, broken] = [kernelOf('my_kernel.py'), kernelOf('broken_kernel.py')];
      await passes(commandOf(torch, right), 2);
      const bug = "torch.zeros_like(inputs['state']), []  # the bug: it forgets the state that it is given";
      expect(broken).toBe(right.replace("inputs['state'], []", bug));
      const { rows } = await check(await keep(openProcess(commandOf(torch, broken))), {
        cases: 25,
        longest: 17,
        seed: 5,
        operators: ['linearScan'],
        modes: ['recurrent'],
      });
      expect(rows.map(({ dtype, outputs }) => [dtype, outputs])).toEqual([
        ['F32', 'FAIL'],
        ['F64', 'FAIL'],
      ]);
    });

    it('passes example_torch.py: outputs, states and gradients are within the bounds', async () => {
      await passes(`${torch} ${join(folder, 'example_torch.py')}`, 16);
    });

    it('passes example_ssm.py, the state space models', async () => {
      await passes(`${torch} ${join(folder, 'example_ssm.py')}`, 20);
    });

    describe('by autograd', () => {
      let backend: Backend;
      beforeAll(async () => {
        const command = commandOf(torch, twice("return eval(settings['returns'])", '', 'import torch', 'torch'));
        backend = await openProcess(command);
      });
      afterAll(() => backend.close());

      const ask = (returns: string, inputs: Tensors = question().c.inputs) =>
        backend.answer(question({ gradients: true, c: { ...question().c, inputs, settings: { returns } } }));

      it('gives zero gradients for unused inputs, and none for indices', async () => {
        const inputs: Tensors = { x: numbers(1, 2), other: numbers(1), i: { ...numbers(7, 8), kind: 'index' } };
        const answer = await ask("{'y': inputs['x'] * 2}", inputs);
        expect(numbersOf(answer)).toEqual({ 'out/y': [2, 4], 'grad/x': [6, 10], 'grad/other': [0] });
      });

      it('supports bfloat16, views and constant outputs', async () => {
        const answer = await ask(
          "{'y': inputs['x'] * 2, 'b': torch.ones(2, 1).to(torch.bfloat16), 'v': torch.arange(6).view(2, 3).T}",
        );
        expect(numbersOf(answer)).toEqual({
          'out/y': [2, 4],
          'out/b': [1, 1],
          'out/v': [0, 3, 1, 4, 2, 5],
          'grad/x': [6, 10],
        });
        expect(formsOf(answer)).toMatchObject({ 'out/b': 'BF16 [2,1]', 'out/v': 'I64 [3,2]' });
      });

      it('reports an error for outputs detached from autograd', async () => {
        expect(failureOf(await ask("{'y': inputs['x'].detach() * 2}"))?.message).toMatch(
          /^it reports an error: RuntimeError: element 0 of tensors does not require grad/,
        );
      });
    });

    it('offers no gradients if gradients=False', async () => {
      const program = twice("return {'y': inputs['x'].numpy() * 2}", ', gradients=False', '', 'torch');
      const backend = await keep(openProcess(commandOf(torch, program)));
      expect(backend.description.operators.twice!.gradients).toBe(false);
      expect(numbersOf(await backend.answer(question()))).toEqual({ 'out/y': [2, 4] });
    });
  });
}
