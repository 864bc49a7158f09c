import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, type Dtype, dtypes } from '../../src/oracle/backends/backend.ts';
import { openProcess } from '../../src/oracle/backends/process.ts';
import type { Tensors } from '../../src/oracle/case.ts';
import { check } from '../../src/oracle/check/check.ts';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import { commandOf, failureOf, folder, formsOf, keep, numbers, numbersOf, passes, question, twice } from './support.ts';

/** The program in the adapter's docstring. */
const documented = (): string => {
  const [, text] = readFileSync(join(folder, 'densessm_backend.py'), 'utf8').split('"""');
  return [...text!.matchAll(/^ {4}(.*)$|^$/gm)].map(([, line = '']) => line).join('\n');
};

const kernelOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

const torch = pythonWith('numpy', 'torch');

if (torch === null) {
  tellsThatItDidNotRun('test/adapters/torch.test.ts', 'numpy', 'torch');
} else {
  describe('the adapter with torch', () => {
    it('passes the program in its docstring', async () => {
      await passes(commandOf(torch, documented()), 2);
    });

    it('passes a kernel that writes its state in place and returns it, also where the state is a view of one number', async () => {
      const inPlace = (returned: string): string => `
import torch
from densessm_backend import Backend
backend = Backend('in place')
@backend.operator('linearScan', modes=['recurrent'], gradients=False)
def linear_scan(inputs, settings, mode):
    h, rows = inputs['state'], []
    for a, b in zip(inputs['a'].unbind(1), inputs['b'].unbind(1)):
        rows.append(h.copy_(a * h + b).clone())
    return {'output': torch.stack(rows, 1), 'state': ${returned}}
backend.run()
`;
      const asked = { cases: 40, longest: 8, seed: 5, operators: ['linearScan'] };
      const rowsOf = async (program: string) =>
        (await check(await keep(openProcess(commandOf(torch, program))), asked)).rows.filter(
          ({ outputs }) => outputs !== 'UNSUPPORTED',
        );
      expect((await rowsOf(inPlace('h'))).map(({ outputs }) => outputs)).toEqual(['PASS', 'PASS']);
      expect((await rowsOf(inPlace('h.clone()'))).map(({ outputs }) => outputs)).toEqual(['FAIL', 'FAIL']);
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

    it('passes short_kernel.py, and finds a state that is rounded to 16 bits where it declares float32', async () => {
      const right = kernelOf('short_kernel.py');
      const size = { cases: 15, longest: 17, seed: 5 };
      const rowsOf = async (program: string) =>
        (await check(await keep(openProcess(commandOf(torch, program))), size)).rows
          .filter(({ outputs }) => outputs !== 'UNSUPPORTED')
          .map(({ dtype, outputs, gradients }) => [dtype, outputs, gradients]);
      expect(await rowsOf(right)).toEqual([
        ['BF16', 'PASS', 'PASS'],
        ['F16', 'PASS', 'PASS'],
      ]);
      const step = 'h = a[:, t] * h + b[:, t]';
      expect(right).toContain(step);
      expect(await rowsOf(right.replace(step, `${step}; h = h.to(inputs['b'].dtype).float()`))).toEqual([
        ['BF16', 'FAIL', 'FAIL'],
        ['F16', 'FAIL', 'FAIL'],
      ]);
    });

    it('passes block_kernel.py on cases inside its domain only, and finds a forgotten block there', async () => {
      // a domain may be a range
      const right = kernelOf('block_kernel.py').replace('[16, 32, 64, 128]', 'range(16, 129, 16)');
      const rowOf = async (program: string) => {
        const backend = await keep(openProcess(commandOf(torch, program)));
        const { rows } = await check(backend, { cases: 15, longest: 33, seed: 5, operators: ['linearScan'] });
        return rows.find(({ mode }) => mode === 'recurrent')!;
      };
      expect(await rowOf(right)).toMatchObject({
        outputs: 'PASS',
        cases: 15,
        unsupported: 0,
        lengths: { t: [16, 32] },
      });
      const block = 'for t in range(16):';
      expect(right).toContain(block);
      const { finding } = await rowOf(right.replace(block, `h = h * (len(rows) == 0)\n        ${block}`));
      expect(finding!.smallest.inputs.a!.shape).toEqual([1, 32, 16]);
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

      const ask = (returns: string, inputs: Tensors = question().c.inputs, dtype: Dtype = 'F32') =>
        backend.answer(question({ dtype, gradients: true, c: { ...question().c, inputs, settings: { returns } } }));

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

      it.each(dtypes)('answers in %s, and keeps states in another type', async (dtype) => {
        const inputs: Tensors = { x: numbers(1, 2), none: { shape: [0, 3], data: new Float64Array() } };
        const answer = await ask(
          "{'y': inputs['x'] * 2, 'state': inputs['x'].float(), 'none': inputs['none']}",
          inputs,
          dtype,
        );
        expect(numbersOf(answer)).toMatchObject({ 'out/y': [2, 4], 'out/state': [1, 2], 'grad/x': [6, 10] });
        expect(formsOf(answer)).toEqual({
          'out/y': `${dtype} [2]`,
          'out/state': 'F32 [2]',
          'out/none': `${dtype} [0,3]`,
          'grad/x': `${dtype} [2]`,
          'grad/none': `${dtype} [0,3]`,
        });
      });

      it('supports views of single numbers, and views that negate', async () => {
        const z = 'torch.complex(torch.tensor([3.0]), torch.tensor([4.0]))';
        const answer = await ask(
          `{'y': inputs['x'] * 2, 'real': ${z}.real, 'negated': ${z}.conj().imag, 'last': torch.ones(1, 1, 4)[..., ::4], 'one': ${z}[0].imag}`,
        );
        expect(numbersOf(answer)).toMatchObject({
          'out/real': [3],
          'out/negated': [-4],
          'out/last': [1],
          'out/one': [4],
        });
      });

      it('reports an error for outputs detached from autograd', async () => {
        expect(failureOf(await ask("{'y': inputs['x'].detach() * 2}"))?.message).toMatch(
          /^it reports an error: RuntimeError: element 0 of tensors does not require grad/,
        );
      });
    });

    it('hands a backward the cotangent as it is, a view too, and fills new memory with NaN', async () => {
      const before = `
import torch
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x * 2
    @staticmethod
    def backward(ctx, dy): return torch.as_strided(dy, dy.shape, [1]) * 2`;
      const body = `made = [torch.empty(2), torch.empty_like(torch.ones(2)), torch.ones(1).new_empty(2)]
    return {'y': Twice.apply(inputs['x']), 'empty': torch.isnan(torch.stack(made)).int()}`;
      const backend = await keep(openProcess(commandOf(torch, twice(body, '', before, 'torch'))));
      const { c } = question();
      const [strided, contiguous] = (['strided', 'contiguous'] as const).map((memory) =>
        question({ gradients: true, c: { ...c, memory } }),
      );
      const right = { 'out/y': [2, 4], 'out/empty': [1, 1, 1, 1, 1, 1] };
      expect(numbersOf(await backend.answer(contiguous!))).toEqual({ ...right, 'grad/x': [6, 10] });
      expect(numbersOf(await backend.answer(strided!))).toEqual({ ...right, 'grad/x': [6, NaN] });
    });

    it('computes the gradients of some inputs by their names', async () => {
      const body = "return {'y': inputs['x'] * inputs['param.z'] * inputs['w']}";
      const program = twice(body, ", gradients=['x', 'param.**', 'absent']", '', 'torch');
      const backend = await keep(openProcess(commandOf(torch, program)));
      const inputs = { x: numbers(1, 2), 'param.z': numbers(3, 3), w: numbers(1, 1) };
      const answer = await backend.answer(question({ gradients: true }, inputs));
      expect(numbersOf(answer)).toEqual({ 'out/y': [3, 6], 'grad/x': [9, 15], 'grad/param.z': [3, 10] });
    });

    it('offers no gradients if gradients=False', async () => {
      const program = twice("return {'y': inputs['x'].numpy() * 2}", ', gradients=False', '', 'torch');
      const backend = await keep(openProcess(commandOf(torch, program)));
      expect(backend.description.operators.twice!.gradients).toBe(false);
      expect(numbersOf(await backend.answer(question()))).toEqual({ 'out/y': [2, 4] });
    });
  });
}
