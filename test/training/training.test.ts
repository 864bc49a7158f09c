/** @file AdamW, flattening, and whole training steps. */
import { describe, expect, it } from 'vitest';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64, scalar, tensor } from '../../src/executors/f64/index.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import { crossEntropy, crossEntropySum } from '../../src/nn/cross-entropy.ts';
import { indexInput, input, read } from '../../src/tensor/input.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { gather } from '../../src/tensor/primitives/gather.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { rng } from '../../src/tensor/random.ts';
import { leavesOf, type Tree } from '../../src/tensor/tree.ts';
import type { Value } from '../../src/tensor/value.ts';
import {
  adamW,
  decayMatrices,
  factorsOf,
  flattenExactly,
  flattenParams,
  type Steps,
  stepFactors,
  type Training,
  trainingSteps,
  unflatten,
} from '../../src/training/index.ts';
import { smallTraining } from '../support/training/small.ts';

const rule = { beta1: 0.9, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1 };

describe('adamW', () => {
  it('equals its formula for every number, over several steps', () => {
    const random = rng(1);
    let state = { params: tensor([1, -2, 3]), first: tensor([0, 0, 0]), second: tensor([0, 0, 0]) };
    const plain = [1, -2, 3].map((p) => ({ p, m: 0, v: 0 }));
    for (let n = 1; n <= 5; n++) {
      const g = [random.normal(), random.normal(), 0];
      const rate = 0.1 * n;
      state = adamW(state, tensor(g), stepFactors(rule, n, rate), rule);
      plain.forEach((one, i) => {
        one.m = 0.9 * one.m + 0.1 * g[i]!;
        one.v = 0.95 * one.v + 0.05 * g[i]! ** 2;
        const direction = one.m / (1 - 0.9 ** n) / (Math.sqrt(one.v / (1 - 0.95 ** n)) + 1e-3);
        one.p -= rate * (direction + 0.1 * one.p);
      });
    }
    read(state.params).forEach((p, i) => {
      expect(p).toBeCloseTo(plain[i]!.p, 12);
    });
  });

  it('takes no step where the squared gradient overflows', () => {
    const [one, zero] = [tensor([1]), tensor([0])];
    const noDecay = { ...rule, weightDecay: 0 };
    const { params } = adamW(
      { params: one, first: zero, second: zero },
      tensor([1e200]),
      stepFactors(rule, 1, 0.5),
      noDecay,
    );
    expect(read(params)).toEqual(Float64Array.of(1));
  });

  it('updates trees leaf by leaf', () => {
    const one = { a: tensor([1]), b: [tensor([2])] };
    const zero = { a: tensor([0]), b: [tensor([0])] };
    const { params } = adamW({ params: one, first: zero, second: zero }, zero, stepFactors(rule, 1, 0.5), rule);
    expect([read(params.a)[0], read(params.b[0]!)[0]]).toEqual([0.95, 1.9]);
  });
});

describe('flattenParams', () => {
  const shapes = { 'b.0': [], a: [2], 'b.1': [1, 2] };
  const params = { a: tensor([1, 2]), b: [scalar(3), tensor([[4, 5]])] };
  it('lists parameters in the order of the shapes, and unflatten restores the tree', () => {
    const list = flattenParams(params, shapes);
    expect([...list]).toEqual([3, 1, 2, 4, 5]);
    const back: typeof params = unflatten(input(f64, list, [5]), shapes);
    expect([back.a, ...back.b].map((x) => [...read(x)])).toEqual([[1, 2], [3], [4, 5]]);
  });
  it('refuses parameters of other shapes', () => {
    expect(() => flattenParams(params, { a: [2], 'b.0': [] })).toThrow('the parameters have b.1');
    expect(() => flattenParams(params, { ...shapes, c: [4] })).toThrow('c is missing; it is to have shape [4]');
    expect(() => flattenParams(params, { ...shapes, a: [3] })).toThrow('a has shape [2]; it is to have shape [3]');
    expect(() => unflatten(tensor([1]), shapes)).toThrow('the list has shape [1]; these parameters are [5]');
  });
  it('unflattens what a compiled function keeps, and refuses its promise', () => {
    const list = Float32Array.of(3, 1, 2, 4, 5);
    const { a, b } = unflatten<typeof params>(list, shapes);
    expect([a, ...b].map((x) => [x.on.name, ...read(x)])).toEqual([
      ['f64', 1, 2],
      ['f64', 3],
      ['f64', 4, 5],
    ]);
    expect(unflatten<typeof params>(list, shapes, f32).a.on).toBe(f32);
    const wrong = Promise.resolve(list) as unknown as Float32Array;
    const remedy = "unflatten: the list is an object; give a value [P] or an array, as in await kept('params')";
    expect(() => unflatten(wrong, shapes)).toThrow(remedy);
    expect(() => unflatten(undefined as unknown as Value, shapes)).toThrow('the list is undefined; give a value [P]');
    const noShapes = 'unflatten: the shapes are undefined; give a record of them by path';
    expect(() => unflatten(list, undefined as never)).toThrow(noShapes);
    expect(() => unflatten(list, { a: 2 } as never)).toThrow(
      'unflatten: a: the shape is 2, not a list of axis lengths',
    );
    expect(() => unflatten(Float32Array.of(1), shapes)).toThrow('the list has shape [1]; these parameters are [5]');
  });
  it('flattens without rounding too', () => {
    expect([...flattenExactly({ a: tensor([0.1]) }, { a: [1] })]).toEqual([0.1]);
  });
});

describe('trainingSteps', () => {
  const run = (steps: number, accumulate: number, calls: number) => {
    const { training, init, batches } = smallTraining(steps, accumulate);
    const program = trainingSteps(training);
    const inputs = Object.entries(program.inputs);
    const lists: Record<string, Value> = Object.fromEntries(
      inputs
        .slice(0, 3)
        .map(([name, { shape }]) => [
          name,
          input(f64, name === 'params' ? init : new Float64Array(init.length), shape),
        ]),
    );
    const losses: number[] = [];
    for (let call = 0; call < calls; call++) {
      const factors = factorsOf(training.optimizer, () => 0.01, call * steps + 1, steps);
      const { tokens, targets } = batches(call);
      const results = program.equation({
        ...lists,
        factors: input(f64, factors, [steps, 3]),
        tokens: indexInput(f64, tokens, program.inputs.tokens!.shape),
        targets: indexInput(f64, targets, program.inputs.targets!.shape),
      });
      for (const name of Object.keys(program.keep)) lists[name] = results[name]!;
      losses.push(...read(results.losses!));
    }
    return { losses, params: read(lists.params!) };
  };

  it('one call with K steps equals K calls with one step', () => {
    expect(run(3, 1, 2)).toEqual(run(1, 1, 6));
  });
  it('reduces the loss', () => {
    const { losses } = run(2, 2, 10);
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
  });
  /** Losses of positions are log-sum-exps of `w` minus an entry, so that each batch has another one. */
  const labelled = (accumulate: number, batch: number): Training<{ w: Value }> => ({
    shapes: { w: [4, 2] },
    batch: {
      rows: { shape: [batch], kind: 'index' },
      targets: { shape: [batch], kind: 'index' },
      weights: { shape: [batch] },
    },
    weights: 'weights',
    loss: ({ w }, { rows, targets, weights }) =>
      crossEntropySum(gather(w, rows!, 0), { tokens: targets!, weights: weights! }),
    optimizer: { ...rule, weightDecay: decayMatrices(0.1) },
    accumulate,
  });
  const four = {
    params: [1, 0, 2, 0, 3, 0, 4, 0],
    rows: [0, 1, 2, 3],
    targets: [0, 0, 1, 1],
    weights: [1, 0, 1, 1],
    factors: [0.1, 10, 20],
    first: new Array(8).fill(0),
    second: new Array(8).fill(0),
  };
  const onF64 = ({ equation, inputs }: Steps, given: Readonly<Record<string, readonly number[]>>) => {
    const values = Object.entries(inputs).map(([name, { shape, kind }]) => [
      name,
      (kind === 'index' ? indexInput : input)(f64, given[name]!, shape),
    ]);
    const results = Object.entries(equation(Object.fromEntries(values)));
    return Object.fromEntries(results.map(([name, x]) => [name, [...read(x)]]));
  };
  const onWasm = async ({ equation, inputs, keep }: Steps, given: Readonly<Record<string, readonly number[]>>) => {
    const f = await compile(equation, inputs, { backend: 'wasm', keep });
    const arrays = Object.entries(given).map(([name, x]) => [name, Float32Array.from(x)]);
    const { losses, norms } = await f(Object.fromEntries(arrays));
    const [params, first, second] = await Promise.all(['params', 'first', 'second'].map(f.kept));
    await f.dispose();
    return { params, first, second, losses, norms } as unknown as Record<string, Float32Array>;
  };

  it('accumulates batches weighted by their tokens, as one large batch', async () => {
    const small = trainingSteps(labelled(2, 2));
    const large = trainingSteps(labelled(1, 4));
    const [accumulated, whole] = [onF64(small, four), onF64(large, four)];
    expect(accumulated.losses![0]).toBeCloseTo(2.459999655669925, 14);
    for (const [name, expected] of Object.entries(whole)) {
      accumulated[name]!.forEach((x, i) => {
        expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-14);
      });
    }
    // the mean of the batches' means is another number
    const perBatch = trainingSteps<{ w: Value }>({
      ...labelled(2, 2),
      loss: ({ w }, { rows, targets, weights }) =>
        scale(crossEntropy(gather(w, rows!, 0), { tokens: targets!, weights: weights! }), 0.5),
    });
    expect(onF64(perBatch, four).losses![0]).toBeCloseTo(1.9233, 4);
    for (const program of [small, large]) {
      const found = await onWasm(program, four);
      for (const [name, expected] of Object.entries(whole))
        found[name]!.forEach((x, i) => {
          expect(Math.abs(x - expected[i]!), name).toBeLessThan(1e-5);
        });
    }
  });

  it('decays matrices only, also in a compiled program', async () => {
    const shapes = { 'layers.0.norm': [3], 'layers.0.query': [2, 2], 'layers.0.aLog': [2, 2], head: [1, 3] };
    const program = trainingSteps<Tree>({
      shapes,
      batch: { x: { shape: [1] } },
      // no gradient: only the decay moves a parameter
      loss: (params, { x }) => leavesOf(params).reduce((total, p) => add(total, scale(sum(p), 0)), sum(x!)),
      optimizer: { ...rule, weightDecay: decayMatrices(0.5) },
    });
    const ones = new Array(14).fill(1);
    const zeros = new Array(14).fill(0);
    const given = { params: ones, first: zeros, second: zeros, factors: [0.5, 1, 1], x: [0] };
    const expected = [1, 1, 1, 0.75, 0.75, 0.75, 0.75, 1, 1, 1, 1, 0.75, 0.75, 0.75];
    expect(onF64(program, given).params).toEqual(expected);
    expect([...(await onWasm(program, given)).params!]).toEqual(expected);
  });

  it('refuses steps in which nothing counts, before it runs, also compiled', async () => {
    const program = trainingSteps({ ...labelled(1, 4), steps: 2 });
    const twice = (weights: readonly number[]) => ({
      ...four,
      ...Object.fromEntries(
        ['rows', 'targets', 'factors'].map((name) => [name, [four, four].flatMap((x) => x[name as 'rows'])]),
      ),
      weights,
    });
    const wrong = {
      'the weights of step 1 of the call sum to 0, so nothing counts': [1, 0, 1, 1, 0, 0, 0, 0],
      'element 5 of weights is -1; it is ≥ 0': [1, 0, 1, 1, 2, -1, 0, 0],
      'element 0 of weights is NaN; it is ≥ 0': [NaN, 0, 1, 1, 2, 1, 0, 0],
    };
    const f = await compile(program.equation, program.inputs, { backend: 'wasm', keep: program.keep });
    const single = (given: Readonly<Record<string, readonly number[]>>) =>
      Object.fromEntries(Object.entries(given).map(([name, x]) => [name, Float32Array.from(x)]));
    await f(single(twice([1, 0, 1, 1, 1, 0, 1, 1])));
    const params = await f.kept('params');
    for (const [message, weights] of Object.entries(wrong)) {
      expect(() => onF64(program, twice(weights))).toThrow(message);
      await expect(f(single(twice(weights)))).rejects.toThrow(message);
    }
    expect(await f.kept('params')).toEqual(params);
    await f.dispose();
  });

  it.each([
    ['a parameter', { params: [1, 0, Infinity, 0, 3, 0, 4, 0] }],
    ['a loss', { params: [1, 0, 2, 0, 3, 0, -3e38, 3e38] }],
  ])('keeps parameters and moments where %s is not finite', async (_, change) => {
    // in f64 the same logits have the loss 6e38
    const given = { ...four, ...change, targets: [0, 1, 1, 0], weights: [1, 1, 1, 1] };
    const program = trainingSteps(labelled(1, 4));
    const found = await onWasm(program, given);
    expect(Number.isFinite(found.losses![0]! + found.norms![0]!)).toBe(false);
    for (const name of ['params', 'first', 'second'] as const)
      expect([...found[name]!]).toEqual([...Float32Array.from(given[name])]);
  });

  it('takes no step after one whose loss is not finite, to the end of the call', async () => {
    const training: Training<{ w: Value }> = {
      shapes: { w: [1] },
      batch: { x: { shape: [] } },
      loss: ({ w }, { x }) => sum(mul(w, x!)),
      optimizer: { ...rule, weightDecay: 0 },
      steps: 3,
    };
    const program = trainingSteps(training);
    const given = { params: [1], first: [0], second: [0], factors: new Array(9).fill(1) };
    const [one] = onF64(trainingSteps({ ...training, steps: 1 }), { ...given, factors: [1, 1, 1], x: [2] }).params!;
    for (const wrong of [NaN, Infinity]) {
      const { params, losses, norms } = onF64(program, { ...given, x: [2, wrong, 2] });
      expect([params, losses, norms]).toEqual([[one], [2, wrong, 2 * one!], [2, NaN, 2]]);
      const compiled = await onWasm(program, { ...given, x: [2, wrong, 2] });
      expect(compiled.params![0]).toBeCloseTo(one!, 5);
      expect([...compiled.losses!].map(Number.isFinite)).toEqual([true, false, true]);
    }
  });

  it('refuses invalid counts and names', () => {
    const { training } = smallTraining(1, 1);
    expect(() => trainingSteps({ ...training, steps: 0 })).toThrow('trainingSteps: steps is 0; it is an integer ≥ 1');
    const batch = { params: { shape: [1] } };
    expect(() => trainingSteps({ ...training, batch })).toThrow('a batch has an input params; that name is taken');
    expect(() => trainingSteps({ ...training, weights: 'weigths' })).toThrow(
      "trainingSteps: weights is 'weigths', and a batch has no such input; it has tokens, targets",
    );
  });
});
