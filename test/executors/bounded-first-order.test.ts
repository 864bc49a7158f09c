/** @file First-order bounds: single operations, cancellation, every operator and mode, and a model of four layers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstOrder, firstOrderBound, firstOrderBounds } from '../../src/executors/bounded/first-order.ts';
import { bounded, boundOf, float32, snap } from '../../src/executors/bounded/index.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import { denseRetNet } from '../../src/models/dense-retnet.ts';
import { denseRetNetConfig, paperReadings } from '../../src/models/dense-retnet-config.ts';
import { initialise } from '../../src/models/language-model.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { evaluate } from '../../src/oracle/program.ts';
import { indexInput, input, read } from '../../src/tensor/input.ts';
import { constantLike } from '../../src/tensor/operand.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { rsqrt } from '../../src/tensor/primitives/rsqrt.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { rng } from '../../src/tensor/random.ts';
import { mapTree } from '../../src/tensor/tree.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { casesOf, everything, seeds } from '../support/bounded-trial.ts';
import { table } from '../support/primitives/table.ts';
import { cases } from '../support/property.ts';

const { u } = float32.at.sum;
const unit = u + 2 ** -53;
const on = (): Executor => firstOrder(float32) as Executor;
const close = (found: number, expected: number): void => {
  expect(found / expected).toBeGreaterThan(0.999);
  expect(found / expected).toBeLessThan(1.001);
};

describe('first-order bounds', () => {
  it('are those of single operations', () => {
    const x = input(on(), [3, -2, 1], [3]);
    close(firstOrderBounds(sum(x))[0]!, 2 * unit * 6);
    close(firstOrderBounds(scale(x, 1 / 3), [1])[0]!, 2 * unit * (2 / 3));
    expect([...firstOrderBounds(add(x, scale(x, -1)))]).toEqual([0, 0, 0]);
    close(firstOrderBounds(constantLike(x, Float64Array.of(0.1), [1], () => 7))[0]!, 7 * unit);
  });

  it('cancel errors with a common origin', () => {
    const square = (x: Value): Value => mul(x, x);
    const quotient = (x: Value): Value => mul(x, rsqrt(square(x)));
    const [y, z] = [(x: Value) => quotient(scale(x, 1 / 3)), (x: Value) => quotient(x)];
    // x/√x² does not depend on |x|
    const numbers = [5];
    const bound = (f: (x: Value) => Value): number => firstOrderBounds(f(input(on(), numbers, [1])))[0]!;
    close(bound(y), bound(z));
    const running = (f: (x: Value) => Value): number =>
      boundOf(f(input(bounded(float32) as Executor, numbers, [1])))[0]!;
    expect(running(y)).toBeGreaterThan(running(z) + 3 * unit);
  });

  it('count the roundings of inexact numbers whose f64 value is 0 or 1', () => {
    const x = input(on(), [3], [1]);
    const zero = add(scale(x, 1 / 3), -1);
    expect(read(zero)[0]).toBe(0);
    // x / 3 has two roundings, and the sum of both terms one more; with x, each term passes a rounding for each other one
    close(firstOrderBounds(add(zero, x))[0]!, unit * (2 + 2 + 2 + 2 * 3));
    // the terms 1, −1 and 1 have the size 3; multiplied by x, 9
    close(firstOrderBounds(mul(add(zero, 1), x))[0]!, unit * (3 * (2 + 2 + 2 + 2 * 1) + 9));
  });

  it('of weighted sums cancel common errors of the values', () => {
    const x = input(on(), [3, 5], [2]);
    const third = scale(x, 1 / 3);
    const [twice, thrice] = [scale(third, 2), scale(third, 3)];
    const [plus, minus] = [Float64Array.of(3, 3), Float64Array.of(-2, -2)];
    // 3 · 2x − 2 · 3x: only the rounding of the product with 3 remains
    close(
      firstOrderBound([
        [twice, plus],
        [thrice, minus],
      ]),
      2 * unit * (3 + 5),
    );
    close(firstOrderBound([[twice, plus]]), 3 * firstOrderBounds(twice).reduce((a, b) => a + b));
    expect(firstOrderBound([])).toBe(0);
  });

  it('refuse values of other executors and elements that do not exist', () => {
    expect(() => firstOrderBounds(tensor([1]))).toThrow('firstOrderBounds: the value lives on f64; compute it on');
    expect(() => firstOrderBounds(input(on(), [1], [1]), [1])).toThrow('there is no element 1 in shape [1]');
    expect(() => input(on(), [0.1], [1])).toThrow('snap the numbers to it first');
    const [x, y] = [input(on(), [1, 2], [2]), input(on(), [1, 2], [2])];
    const ones = Float64Array.of(1, 1);
    expect(() => firstOrderBound([[tensor([1, 2]), ones]])).toThrow('firstOrderBound: the value lives on f64');
    expect(() => firstOrderBound([[x, ones.slice(1)]])).toThrow('1 weights do not fill shape [2], which holds 2');
    const twoEvaluations = (): number => firstOrderBound([x, y].map((value) => [value, ones]));
    expect(twoEvaluations).toThrow('the values are of several evaluations');
  });
});

it.each(['linearScan', 'causalConvolution', 'softplus', 'phi', 'expm1', 'sin', 'cos'] as const)(
  'hold for %s of numbers that have errors',
  (name) => {
    fc.assert(
      fc.property(table[name].uses, seeds, (use, seed) => {
        const run = (executor: Executor): Value =>
          use.call(...use.operands.map(({ data, shape }) => scale(input(executor, data, shape), 1 / 3)));
        const [reference, found] = [run(on()), read(run(rounded(float32, seed) as Executor))];
        const [want, bound] = [read(reference), firstOrderBounds(reference)];
        found.forEach((x, i) => {
          expect(Math.abs(x - want[i]!)).toBeLessThanOrEqual(bound[i]!);
        });
      }),
      cases(30),
    );
  },
);

const patient = { timeout: 900_000 };
const modes = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

it.each(modes)(
  'hold for $operator.name in mode $mode, and running bounds are no smaller',
  patient,
  ({ operator, mode }) => {
    fc.assert(
      fc.property(casesOf(operator, mode, 6, float32), seeds, (c, seed) => {
        const random = rng(seed);
        const program = operator.modes[mode]!;
        const running = Object.fromEntries(everything(evaluate(program, c, bounded(float32) as Executor)));
        const found = Object.fromEntries(everything(evaluate(program, c, rounded(float32, seed) as Executor)));
        for (const [name, x] of everything(evaluate(program, c, on()))) {
          const want = read(x);
          if (want.length === 0) continue;
          const i = random.integer(want.length);
          const [bound] = firstOrderBounds(x, [i]);
          expect(Math.abs(read(found[name]!)[i]! - want[i]!), name).toBeLessThanOrEqual(bound!);
          expect(boundOf(running[name]!)[i]! * (1 + 2 ** -10), name).toBeGreaterThanOrEqual(bound!);
        }
      }),
      cases(5),
    );
  },
);

describe('for a model of four layers', patient, () => {
  const config = denseRetNetConfig({
    vocabulary: 8,
    width: 16,
    heads: 2,
    layers: 4,
    denseLayers: 2,
    readings: paperReadings,
  });
  const tokens = [1, 5, 2, 7, 0, 3];

  /** Logits of a model whose query weights in layer 0 are multiplied by a factor. */
  function logits(executor: Executor, seed: number, factor: number): Value {
    const drawn = initialise(denseRetNet, config, { on: f64, seed, spread: 0.25 });
    const params = mapTree(drawn, (x, path) => {
      const numbers = read(x).map((number) => (path === 'layers.0.query' ? number * factor : number));
      return input(executor, snap(float32, numbers), x.shape);
    });
    const start = denseRetNet.start(params, config, 1);
    const ids = indexInput(executor, tokens, [1, tokens.length]);
    return denseRetNet.forward(params, config, ids, start, { name: 'parallel' }).logits;
  }

  it('they reject query weights off by a thousandth, where every running bound exceeds 0.1', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const reference = logits(on(), seed, 1);
      const bound = firstOrderBounds(reference);
      const far = (factor: number): boolean =>
        read(logits(rounded(float32, seed) as Executor, seed, factor)).some(
          (x, i) => Math.abs(x - read(reference)[i]!) > bound[i]!,
        );
      expect(far(1)).toBe(false);
      expect(far(1.001)).toBe(true);
      expect(boundOf(logits(bounded(float32) as Executor, seed, 1)).every((e) => e > 0.1)).toBe(true);
    }
  });
});
