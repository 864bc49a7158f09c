/**
 * @file Composed functions keep the digits that their arguments determine, at every size of argument.
 *
 * If each argument x_j has a relative error u, a function f has the error `u (|f| + Σ_j |x_j ∂f/∂x_j|)` at best: its size times u. The
 * numbers in f64 must be within a few units of this size, against double-double, and so must the bounds in each precision: where a
 * bound is much larger, wrong numbers pass.
 */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { bounded, boundOf, float32, float64, snap } from '../../src/executors/bounded/index.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import { gelu, silu } from '../../src/nn/activations.ts';
import { logSumExp } from '../../src/nn/cross-entropy.ts';
import { layerNorm, rmsNorm } from '../../src/nn/norms.ts';
import { softmax } from '../../src/nn/softmax.ts';
import { type Complex, complexExp, complexPhi1, complexReciprocal } from '../../src/nn/ssm/complex.ts';
import { type DiscretisationRule, discretise } from '../../src/nn/ssm/discretise.ts';
import { input, read } from '../../src/tensor/input.ts';
import { filledLike } from '../../src/tensor/operand.ts';
import { neg } from '../../src/tensor/ops.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { div } from '../../src/tensor/primitives/div.ts';
import { erf } from '../../src/tensor/primitives/erf.ts';
import { erfc } from '../../src/tensor/primitives/erfc.ts';
import { exp } from '../../src/tensor/primitives/exp.ts';
import { expm1 } from '../../src/tensor/primitives/expm1.ts';
import { log } from '../../src/tensor/primitives/log.ts';
import { phi } from '../../src/tensor/primitives/phi.ts';
import { reciprocal } from '../../src/tensor/primitives/reciprocal.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { rsqrt } from '../../src/tensor/primitives/rsqrt.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { softplus } from '../../src/tensor/primitives/softplus.ts';
import { type Rng, rng } from '../../src/tensor/random.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { doubleDouble } from '../support/double-double/executor.ts';
import { cases } from '../support/property.ts';

type Program = (x: Value) => Value;

/** A function of `count` numbers of absolute values from 2^low to 2^high, as a program on one value of these numbers. */
interface Subject {
  readonly of: Program;
  readonly count: number;
  readonly low: number;
  readonly high: number;
  readonly positive?: boolean;
}

/** The slope of an elementwise function. */
const slope =
  (of: Program): Program =>
  (x) => {
    const { value, pullback } = vjp(of, x);
    return pullback(filledLike(value, 1, value.shape));
  };
/** A function of rows, on one row. */
const row =
  (of: Program): Program =>
  (x) => {
    const y = of(reshape(x, [1, x.shape[0]!]));
    return reshape(y, [y.shape.at(-1)!]);
  };
const part = (x: Value, i: number): Value => slice(x, 0, i, i + 1);
const complex =
  (of: (z: Complex) => Complex): Program =>
  (x) => {
    const { re, im } = of({ re: part(x, 0), im: part(x, 1) });
    return concat([re, im], 0);
  };
const discretised =
  (rule: DiscretisationRule): Program =>
  (x) => {
    const [a, b, delta] = [reshape(part(x, 0), [1, 1]), reshape(part(x, 1), [1, 1]), part(x, 2)];
    const made = discretise(rule, { a, b, delta });
    return concat([reshape(made.a, [1]), reshape(made.b, [1])], 0);
  };
const withSlope = (name: string, subject: Omit<Subject, 'count'>): Record<string, Subject> => ({
  [name]: { ...subject, count: 1 },
  [`slope of ${name}`]: { ...subject, count: 1, of: slope(subject.of) },
});

/** The ranges end where single precision overflows. */
const subjects: Readonly<Record<string, Subject>> = {
  ...withSlope('silu', { of: silu, low: -60, high: 9 }),
  ...withSlope('gelu', { of: gelu, low: -60, high: 6 }),
  ...withSlope('sigmoid', { of: sigmoid, low: -60, high: 9 }),
  ...withSlope('softplus', { of: softplus, low: -60, high: 9 }),
  ...withSlope('logarithm of sigmoid', { of: (x) => neg(softplus(neg(x))), low: -60, high: 9 }),
  ...withSlope('exp', { of: exp, low: -60, high: 6 }),
  ...withSlope('expm1', { of: expm1, low: -60, high: 6 }),
  ...withSlope('log', { of: log, low: -60, high: 60, positive: true }),
  ...withSlope('erf', { of: erf, low: -60, high: 4 }),
  ...withSlope('erfc', { of: erfc, low: -60, high: 6 }),
  ...withSlope('φ₁', { of: (x) => phi(x, 1), low: -60, high: 6 }),
  ...withSlope('φ₂', { of: (x) => phi(x, 2), low: -60, high: 6 }),
  ...withSlope('φ₁ of −x', { of: (x) => phi(neg(x), 1), low: -60, high: 40, positive: true }),
  ...withSlope('φ₃ of −x', { of: (x) => phi(neg(x), 3), low: -60, high: 40, positive: true }),
  ...withSlope('rsqrt', { of: rsqrt, low: -60, high: 60, positive: true }),
  ...withSlope('reciprocal', { of: reciprocal, low: -60, high: 60 }),
  quotient: { of: (x) => div(part(x, 0), part(x, 1)), count: 2, low: -62, high: 62 },
  'quotient of huge numbers': { of: (x) => div(part(x, 0), part(x, 1)), count: 2, low: 100, high: 127 },
  softmax: { of: row(softmax), count: 3, low: -20, high: 6 },
  rmsNorm: { of: row((x) => rmsNorm(x, undefined, 1e-6)), count: 3, low: -60, high: 60 },
  'rmsNorm without ε': { of: row((x) => rmsNorm(x, undefined, 0)), count: 3, low: -50, high: 60 },
  layerNorm: {
    of: (x) => row((y) => layerNorm(y, filledLike(x, 1, [3]), filledLike(x, 0, [3]), 1e-6))(x),
    count: 3,
    low: -60,
    high: -1,
  },
  'complex reciprocal': { of: complex(complexReciprocal), count: 2, low: -40, high: 40 },
  'complex exp': { of: complex(complexExp), count: 2, low: -20, high: 6 },
  // at 2πi it is 0, and its parts have the digits of its terms
  'complex φ₁': { of: complex(complexPhi1), count: 2, low: -20, high: 2 },
  'zero-order hold': { of: discretised('zeroOrderHold'), count: 3, low: -20, high: 2 },
  'bilinear rule': { of: discretised('bilinear'), count: 3, low: -20, high: 20 },
};

/** Draws numbers: of one size, or of very different sizes. */
function drawn({ count, low, high, positive }: Subject, random: Rng): Float64Array {
  const [middle, spread] = [low + (high - low) * random.uniform(), [0, 2, 20][random.integer(3)]!];
  const one = (): number => {
    const exponent = middle + spread * (random.uniform() - 0.5);
    const sign = positive || random.integer(2) === 0 ? 1 : -1;
    return sign * 2 ** Math.max(low, Math.min(high, exponent));
  };
  return snap(float32, Float64Array.from({ length: count }, one));
}

const numbersOn = (on: Executor<never>, x: Float64Array): Value => input(on as Executor, x, [x.length]);

/** The values of a function in double-double, and the sizes `|f| + Σ_j |x_j ∂f/∂x_j|`. */
function truthOf(of: Program, x: Float64Array): { values: Float64Array; sizes: Float64Array } {
  const { value, pullback } = vjp(of, numbersOn(doubleDouble as Executor<never>, x));
  const values = read(value);
  const sizes = values.map((y, i) => {
    const one = new Float64Array(values.length).with(i, 1);
    const slopes = read(pullback(numbersOn(doubleDouble as Executor<never>, one)));
    return slopes.reduce((total, by, j) => total + Math.abs(by * x[j]!), Math.abs(y));
  });
  return { values, sizes };
}

describe('the digits of', () => {
  it.each(Object.entries(subjects))('%s', (_name, subject) => {
    const random = rng(5);
    for (let k = 0; k < cases(60).numRuns; k++) {
      const x = drawn(subject, random);
      const { values, sizes } = truthOf(subject.of, x);
      const own = read(subject.of(numbersOn(f64 as Executor<never>, x)));
      values.forEach((y, i) => {
        expect(Math.abs(own[i]! - y), `${own[i]}, not ${y}, at ${x}`).toBeLessThanOrEqual(
          12 * 2 ** -53 * sizes[i]! + 2 ** -1000,
        );
      });
      // an underflow in a factor is multiplied by the other factor
      const largest = x.reduce((most, by) => Math.max(most, Math.abs(by)), 1);
      for (const precision of [float32, float64]) {
        const bounds = boundOf(subject.of(numbersOn(bounded(precision) as Executor<never>, x)));
        bounds.forEach((e, i) => {
          const allowed = 300 * precision.at.sum.u * sizes[i]! + 50 * precision.at.sum.tiny * largest;
          expect(e, `bound of ${values[i]} in ${precision.name}, at ${x}`).toBeLessThanOrEqual(allowed);
        });
      }
    }
  });
});

const { POSITIVE_INFINITY: inf, NaN: nan } = Number;
const close = (x: number, y: number): void => expect(Math.abs(x - y)).toBeLessThanOrEqual(1e-14 * Math.abs(y));

describe('tails and limits', () => {
  it('GELU is accurate in its tail, and its bound is a small part of it', () => {
    const x = [-5.5, -10, -37];
    const right = [-1.044425935623822e-7, -7.619853024160526e-23, -2.118171e-298];
    const found = read(gelu(tensor(x)));
    close(found[0]!, right[0]!);
    close(found[1]!, right[1]!);
    const bounds = boundOf(gelu(input(bounded(float32) as Executor, [-5.5, -10], [2])));
    expect(bounds[0]).toBeLessThan(1e-5 * 1.05e-7);
    expect(bounds[1]).toBeLessThan(1e-4 * 7.7e-23);
    expect(read(gelu(tensor([-1e200, 0, 1e200])))).toEqual(Float64Array.of(-0, 0, 1e200));
  });

  it('a log-sum-exp of −∞ alone is −∞ with gradient 0, as an empty sum; of ∞ it is ∞', () => {
    const rows = tensor([
      [-inf, -inf],
      [1, -inf],
      [1000, 1000],
      [1, inf],
    ]);
    const { value, pullback } = vjp(logSumExp, rows);
    expect(read(value)).toEqual(Float64Array.of(-inf, 1, 1000 + Math.LN2, inf));
    expect([...read(pullback(tensor([1, 1, 1, 0])))].slice(0, 6)).toEqual([0, 0, 1, 0, 0.5, 0.5]);
    const on = bounded(float32) as Executor;
    expect([...boundOf(logSumExp(input(on, [-inf, -inf, 1, -inf], [2, 2])))][0]).toBe(0);
  });

  it('softmax of −∞ alone has no shares', () => {
    expect(read(softmax(tensor([-inf, -inf])))).toEqual(Float64Array.of(nan, nan));
    expect(read(softmax(tensor([-inf, 3])))).toEqual(Float64Array.of(0, 1));
  });

  it('a norm is right where squares overflow single precision; its bound there allows for that', () => {
    const norm = (on: Executor, x: number): Value => rmsNorm(input(on, [x, x], [1, 2]), undefined, 1e-6);
    for (const x of [2 ** 64, 2 ** 126]) {
      expect(read(norm(f64 as Executor, x))).toEqual(Float64Array.of(1, 1));
      expect([...boundOf(norm(bounded(float32) as Executor, x))]).toEqual([inf, inf]);
      expect(boundOf(norm(bounded(float64) as Executor, x))[0]).toBeLessThan(2e-15);
    }
    const [tiny] = boundOf(norm(bounded(float32) as Executor, 2 ** -100));
    expect(tiny).toBeLessThan(20 * float32.at.sum.u * 2 ** -100 * 1e3);
  });
});
