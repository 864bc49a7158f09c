/** @file AdamW, flattening, and whole training steps. */
import { describe, expect, it } from 'vitest';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64, scalar, tensor } from '../../src/executors/f64/index.ts';
import { indexInput, input, read } from '../../src/tensor/input.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Value } from '../../src/tensor/value.ts';
import {
  adamW,
  factorsOf,
  flattenExactly,
  flattenParams,
  stepFactors,
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
  it('refuses invalid counts and names', () => {
    const { training } = smallTraining(1, 1);
    expect(() => trainingSteps({ ...training, steps: 0 })).toThrow('trainingSteps: steps is 0; it is an integer ≥ 1');
    const batch = { params: { shape: [1] } };
    expect(() => trainingSteps({ ...training, batch })).toThrow('a batch has an input params; that name is taken');
  });
});
