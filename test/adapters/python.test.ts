import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bfloat16State, float64 } from '../../src/executors/profiles/profile.ts';
import { dtypes } from '../../src/oracle/backends/backend.ts';
import { openOnce } from '../../src/oracle/backends/once.ts';
import { openProcess } from '../../src/oracle/backends/process.ts';
import type { Memory, Tensors } from '../../src/oracle/case.ts';
import { profileOf } from '../../src/oracle/check/verdict/allowed.ts';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import {
  commandOf,
  failureOf,
  folder,
  formsOf,
  keep,
  numbers,
  numbersOf,
  passes,
  question,
  right,
  scratch,
  twice,
} from './support.ts';

describe('the adapter', () => {
  it('has at most 300 lines', () => {
    expect(readFileSync(join(folder, 'densessm_backend.py'), 'utf8').trimEnd().split('\n').length).toBeLessThan(301);
  });
});

const numpy = pythonWith('numpy');

if (numpy === null) {
  tellsThatItDidNotRun('test/adapters/python.test.ts', 'numpy');
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

    it('declares a precision and forms', async () => {
      const declared = "precision=['f64', {'base': 'bf16', 'state': 'bf16'}], form={'only': 'exponentials'}";
      const { description } = await start(right, `, dtypes=['F64', 'BF16'], ${declared}`);
      expect(description.operators.twice).toEqual({
        modes: ['only'],
        dtypes: ['F64', 'BF16'],
        gradients: false,
        precision: { F64: float64, BF16: bfloat16State },
        form: { only: 'exponentials' },
      });
    });

    it('refuses an operator that is registered twice', async () => {
      const before = "backend.operator('twice', modes=['other'])(lambda inputs, settings, mode: {'y': inputs['x']})";
      await expect(start(right, '', before)).rejects.toThrow(
        'twice is registered twice: give one function all its modes',
      );
    });

    it('returns taps as they were, of this question alone', async () => {
      const body = `x = inputs['x'].copy()
    backend.tap('before', x)
    x *= 2
    if x.size > 1: backend.tap('after', x)
    return {'y': x}`;
      const backend = await start(body);
      expect(numbersOf(await backend.answer(question()))).toEqual({
        'out/y': [2, 4],
        'tap/before': [1, 2],
        'tap/after': [2, 4],
      });
      expect(numbersOf(await backend.answer(question({}, { x: numbers(3) })))).toEqual({
        'out/y': [6],
        'tap/before': [3],
      });
    });

    it('gives float32 for bfloat16, and rounds float32 to it', async () => {
      const body = `x = inputs['x']
    return {'y': x + x * np.float32(2 ** -9), 'none': x[:0], 'one': x[0], 'input': np.array([x.dtype == np.float32], 'i4')}`;
      const backend = await start(body);
      // to even, to the nearest, to infinity; NaN and the sign of zero are kept
      const x = numbers(1, 1 + 2 ** -7, -1 - 2 ** -6, (2 - 2 ** -7) * 2 ** 127, NaN, -0);
      const answer = await backend.answer(question({ dtype: 'BF16' }, { x }));
      expect(numbersOf(answer)).toEqual({
        'out/y': [1, 1 + 2 ** -7, -1 - 2 ** -6, (2 - 2 ** -7) * 2 ** 127, NaN, -0],
        'out/none': [],
        'out/one': [1],
        'out/input': [1],
      });
      expect(formsOf(answer)).toMatchObject({ 'out/y': 'BF16 [6]', 'out/none': 'BF16 [0]', 'out/one': 'BF16 []' });
    });

    it('notices that a kernel overwrites an input in bfloat16', async () => {
      const backend = await start("inputs['x'] += 1; return {'y': inputs['x']}");
      expect(failureOf(await backend.answer(question({ dtype: 'BF16' })))?.message).toContain(
        "twice overwrites its input 'x'",
      );
    });

    it.each(dtypes)('answers in %s, with gradients if the operator has a gradient function', async (dtype) => {
      const before = `
def backward(inputs, cotangents, settings, mode):
    return {'x': cotangents['y'] * settings['factor']}
`;
      const backend = await start("return {'y': inputs['x'] * settings['factor']}", ', gradients=backward', before);
      const c = { ...question().c, settings: { factor: 0.1 } };
      const answer = await backend.answer(question({ dtype, gradients: true, c }));
      const rounded = profileOf[dtype].at.output.round;
      const tenth = rounded(0.1);
      expect(numbersOf(answer)).toEqual({
        'out/y': [tenth, rounded(2 * tenth)],
        'grad/x': [rounded(3 * tenth), rounded(5 * tenth)],
      });
      expect(formsOf(answer)).toEqual({ 'out/y': `${dtype} [2]`, 'grad/x': `${dtype} [2]` });
      expect(numbersOf(await backend.answer(question({ dtype, c })))).toEqual({
        'out/y': [tenth, rounded(2 * tenth)],
      });
    });

    it('offers the gradients of some inputs by their names', async () => {
      const before = `
def backward(inputs, cotangents, settings, mode):
    return {'x': cotangents['y'] * 2}
`;
      const backend = await start(right, ", gradients=['x'], backward=backward", before);
      expect(backend.description.operators.twice!.gradients).toEqual(['x']);
      const answer = await backend.answer(question({ gradients: true }, { x: numbers(1, 2), z: numbers(1) }));
      expect(numbersOf(answer)).toEqual({ 'out/y': [2, 4], 'grad/x': [6, 10] });
    });

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

    const strided = (body: string, more = '') =>
      keep(openProcess(commandOf(numpy, twice(body).replace("library='numpy'", `library='numpy'${more}`))));
    const held = (memory: Memory, x = { shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) }) =>
      question({ c: { ...question().c, inputs: { x }, memory } });
    const steps = "x = inputs['x']; return {'y': x * 2, 'steps': np.array(x.strides, 'i4') // x.itemsize}";

    it('gives views if a question asks for them, with NaN after each number', async () => {
      const backend = await strided(steps);
      const y = [2, 4, 6, 8, 10, 12];
      expect(numbersOf(await backend.answer(held('strided')))).toEqual({ 'out/y': y, 'out/steps': [2, 4] });
      expect(numbersOf(await backend.answer(held('contiguous')))).toEqual({ 'out/y': y, 'out/steps': [3, 1] });
      const gaps = await strided(
        "x = inputs['x']; return {'y': np.lib.stride_tricks.as_strided(x, [4], [x.itemsize])}",
      );
      expect(numbersOf(await gaps.answer(held('strided')))).toEqual({ 'out/y': [1, NaN, 4, NaN] });
      const equal = { shape: [2, 2], data: Float64Array.of(3, 3, 3, 3) };
      expect(numbersOf(await backend.answer(held('strided', equal)))).toMatchObject({ 'out/steps': [0, 0] });
    });

    it('gives contiguous tensors to a kernel that refuses views, and fills none for plain=True', async () => {
      const refusing = await strided(`if not inputs['x'].flags.c_contiguous: raise ValueError('a view')\n    ${steps}`);
      expect(numbersOf(await refusing.answer(held('strided')))).toMatchObject({ 'out/steps': [3, 1] });
      const plain = await strided(`import copy; ${steps}`, ', plain=True');
      expect(numbersOf(await plain.answer(held('strided')))).toMatchObject({ 'out/steps': [3, 1] });
    });

    it('fills new memory with NaN while the function runs, unless plain=True', async () => {
      const empty = "return {'y': np.isnan([np.empty(3), np.empty_like(np.ones(3))]).astype('i4')}";
      expect(numbersOf(await (await strided(empty)).answer(question()))).toEqual({ 'out/y': [1, 1, 1, 1, 1, 1] });
      const named = "return {'y': np.array([np.empty.__name__ == 'empty'], 'i4')}";
      expect(numbersOf(await (await strided(named)).answer(question()))).toEqual({ 'out/y': [0] });
      expect(numbersOf(await (await strided(named, ', plain=True')).answer(question()))).toEqual({ 'out/y': [1] });
    });

    it('answers its last question again, until an answer differs', async () => {
      const counts = "calls.append(0); return {'y': inputs['x'] * (2 + (len(calls) > 3))}";
      const backend = await keep(openProcess(commandOf(numpy, twice(counts, '', 'calls = []'))));
      const asked = question();
      await backend.answer(asked);
      expect(await backend.again!(asked, 2)).toEqual({ times: 2, answer: null });
      const { times, answer } = (await backend.again!(asked, 5))!;
      expect([times, numbersOf(answer!)]).toEqual([1, { 'out/y': [3, 6] }]);
      expect(await backend.again!(question(), 5)).toBeNull();
    });

    it('needs no torch', async () => {
      const without = mkdtempSync(join(scratch, 'without-'));
      writeFileSync(join(without, 'torch.py'), "raise ImportError('torch was imported')");
      await passes(`PYTHONPATH=${without} ${numpy} ${join(folder, 'example_numpy.py')}`, 10);
    });
  });
}
