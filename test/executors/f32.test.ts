/** @file The f32 executor is a right implementation at the profile of single precision: every primitive, every operator, large products. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32, snap } from '../../src/executors/bounded/index.ts';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { bf16Format } from '../../src/executors/profiles/format.ts';
import { fill } from '../../src/oracle/case.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { evaluate } from '../../src/oracle/program.ts';
import { indexInput, input, read } from '../../src/tensor/input.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { gather } from '../../src/tensor/primitives/gather.ts';
import type { PrimitiveName } from '../../src/tensor/primitives/index.ts';
import { rng } from '../../src/tensor/random.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { factorsOf, trainingSteps } from '../../src/training/index.ts';
import { casesOf, everything, largest, ratios, tryOn } from '../support/bounded-trial.ts';
import { table } from '../support/primitives/table.ts';
import { cases, seed } from '../support/property.ts';
import { rate, referenceLosses } from '../support/training/reference.ts';
import { smallTraining } from '../support/training/small.ts';

const on = f32 as Executor;

it.each(Object.keys(table) as PrimitiveName[])('computes %s within its roundings, in single precision', (name) => {
  const { uses, roundings = 16 } = table[name];
  fc.assert(
    fc.property(uses, (use) => {
      const found = use.call(...use.operands.map(({ data, shape }) => input(on, data, shape)));
      const expected = use.naive(...use.operands);
      expect(found.shape).toEqual(expected.shape);
      expect(found.data).toBeInstanceOf(Float32Array);
      const numbers = read(found);
      const wrong = expected.data.findIndex(
        (x, i) =>
          !(Object.is(numbers[i]! + 0, x + 0) || Math.abs(numbers[i]! - x) <= roundings * 2 ** -24 * Math.abs(x)),
      );
      expect(wrong).toBe(-1);
    }),
    cases(20),
  );
});

it('rounds inputs and constants to single precision, and holds indices', () => {
  expect(read(input(on, [0.1], [1]))).toEqual(Float64Array.of(Math.fround(0.1)));
  expect(read(add(input(on, [1], [1]), 2 ** -30))).toEqual(Float64Array.of(1));
  expect(read(gather(input(on, [5, 6, 7], [3]), indexInput(on, [2, 0], [2])))).toEqual(Float64Array.of(7, 5));
});

const modes = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

describe.each(modes)('$operator.name in mode $mode', ({ operator, mode }) => {
  it('has outputs, states and gradients within the bounds of single precision', () => {
    fc.assert(
      fc.property(casesOf(operator, mode, 7, float32), (c) => {
        for (const [name, found] of tryOn(on, operator.modes[mode]!, c, float32)) {
          expect(largest(found), name).toBeLessThanOrEqual(1);
        }
      }),
      cases(1),
    );
  });
});

it('gives the numbers of f64, bit for bit, where nothing is rounded', () => {
  const exact = modes.filter(({ operator: { laws }, mode }) => laws.exact === true && !laws.spectral?.includes(mode));
  for (const { operator, mode } of exact) {
    const layout = fc
      .sample(operator.layouts({ longest: 7, exact: true }), { numRuns: 6, seed })
      .find(({ settings }) => operator.admits(settings, mode));
    if (layout === undefined) continue;
    const c = fill(layout, seed, 'dyadic');
    const [found, expected] = [on, f64 as Executor].map((executor) =>
      everything(evaluate(operator.modes[mode]!, c, executor)).map(([name, x]) => [name, [...x.on.read(x.data)]]),
    );
    expect(found).toEqual(expected);
  }
  expect(exact.length).toBeGreaterThan(10);
});

/** The largest ratio of error and bound in a product that is large enough for WebAssembly. */
function ratioOf(spec: string, sizes: readonly (readonly number[])[], after: (x: Value) => Value = (x) => x): number {
  const random = rng(seed);
  const operands = sizes.map((shape) => ({
    data: snap(float32, Array.from({ length: sizeOf(shape) }, random.normal)),
    shape,
  }));
  const run = (executor: Executor): Value =>
    einsum(spec, ...operands.map(({ data, shape }) => input(executor, data, shape)));
  const reference = run(bounded(float32) as Executor);
  expect(boundOf(reference).every((e) => e < 1e-2)).toBe(true);
  return largest(ratios(after(run(on)), reference));
}

/** Numbers rounded to bfloat16. */
const coarser = (x: Value): Value =>
  input(
    x.on,
    read(x).map((value) => bf16Format.round(value)),
    x.shape,
  );

describe.each([
  {
    spec: 'bij,bkj->bik',
    sizes: [
      [3, 19, 300],
      [3, 21, 300],
    ],
  },
  {
    spec: 'bji,bjk->bik',
    sizes: [
      [3, 300, 19],
      [3, 300, 21],
    ],
  },
  {
    spec: 'bij,bjk->bik',
    sizes: [
      [3, 19, 300],
      [3, 300, 21],
    ],
  },
  {
    spec: 'ibj,jkb->kbi',
    sizes: [
      [19, 3, 300],
      [300, 21, 3],
    ],
  },
])('a large product $spec', ({ spec, sizes }) => {
  it('is within the bounds', () => expect(ratioOf(spec, sizes)).toBeLessThanOrEqual(1));
  it('is beyond them where its numbers are rounded to 8 bits', () =>
    expect(ratioOf(spec, sizes, coarser)).toBeGreaterThan(1));
});

it('trains with losses within the bounds of single precision', () => {
  const [steps, size] = [2, { width: 16, layers: 2, denseLayers: 1 }];
  const { training, init, batches } = smallTraining(steps, 1, size);
  const { equation, inputs } = trainingSteps(training);
  const { tokens, targets } = batches(0);
  const given = {
    params: init,
    first: new Float64Array(init.length),
    second: new Float64Array(init.length),
    factors: factorsOf(training.optimizer, rate, 1, steps),
  };
  const real = Object.entries(given).map(([name, data]) => [name, input(on, data, inputs[name]!.shape)] as const);
  const { losses } = equation({
    ...Object.fromEntries(real),
    tokens: indexInput(on, tokens, inputs.tokens!.shape),
    targets: indexInput(on, targets, inputs.targets!.shape),
  });
  const { exact, bounds } = referenceLosses(steps, 1, size);
  const found = read(losses!);
  exact.forEach((loss, i) => {
    expect(bounds[i]).toBeLessThan(1e-3);
    expect(Math.abs(found[i]! - loss)).toBeLessThanOrEqual(bounds[i]!);
  });
});
