/** @file checkGradient accepts correct gradients and rejects wrong ones. */
import { describe, expect, it } from 'vitest';
import { checkGradient } from '../../src/autograd/check-gradient.ts';
import { extrapolatedDifference } from '../../src/autograd/difference.ts';
import { tensor } from '../../src/executors/f64/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { sub } from '../../src/tensor/ops.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { exp } from '../../src/tensor/primitives/exp.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { stopGradient } from '../../src/tensor/primitives/stop-gradient.ts';
import type { Value } from '../../src/tensor/value.ts';
import { counting } from '../support/counting.ts';

const point = tensor([1, -2, 0.5, 0]);
const smooth = (x: Value): Value => mul(exp(x), x);
/** A function with the values of `smooth` whose gradient is wrong by `error`. */
const wrong = (error: number) => (x: Value) => add(smooth(x), scale(sub(x, stopGradient(x)), error));

describe('checkGradient', () => {
  it('accepts correct gradients along a hundred directions', () => {
    for (let seed = 0; seed < 100; seed++) {
      for (const direction of ['dense', 'one-hot'] as const) {
        expect(checkGradient(smooth, point, { seed, direction })).toMatchObject({ ok: true });
      }
    }
  });

  it.each(['dense', 'one-hot'] as const)('rejects gradients that are wrong in the seventh digit (%s)', (direction) => {
    for (let seed = 0; seed < 20; seed++) {
      expect(checkGradient(wrong(1e-7), point, { seed, direction })).toMatchObject({ ok: false });
    }
  });

  it('rejects a missing gradient, and NaN', () => {
    expect(checkGradient((x: Value) => mul(stopGradient(x), stopGradient(x)), point)).toMatchObject({
      analytic: 0,
      ok: false,
    });
    expect(checkGradient((x: Value) => exp(scale(exp(x), 1e9)), tensor([1]))).toMatchObject({ ok: false });
  });

  it('returns both derivatives, and a tolerance far below them', () => {
    const { analytic, numeric, tolerance } = checkGradient(smooth, point, { seed: 3 });
    expect(Math.abs(analytic - numeric)).toBeLessThanOrEqual(tolerance);
    expect(tolerance).toBeLessThan(1e-9 * Math.abs(numeric));
  });

  it('perturbs a single number along a one-hot direction', () => {
    const before = read(point);
    const moved = new Set<number>();
    checkGradient(
      (x: Value) => {
        read(x).forEach((number, i) => {
          if (number !== before[i]) moved.add(i);
        });
        return mul(x, x);
      },
      point,
      { direction: 'one-hot' },
    );
    expect(moved.size).toBe(1);
  });

  it('accepts trees, other executors and empty values', () => {
    const tree = { a: tensor([1, 2]), b: [tensor(3)] };
    expect(checkGradient(({ a, b }: typeof tree) => [mul(a, b[0]!), exp(a)], tree)).toMatchObject({ ok: true });
    expect(checkGradient(smooth, input(counting().on, [1, 2], [2]))).toMatchObject({ ok: true });
    expect(checkGradient(smooth, tensor([]))).toEqual({ analytic: 0, numeric: 0, tolerance: 0, ok: true });
  });
});

describe('extrapolatedDifference', () => {
  it.each([
    ['sin', Math.sin, 1, Math.cos(1)],
    ['exp', Math.exp, -3, Math.exp(-3)],
    ['1/x', (x: number) => 1 / x, 0.5, -4],
    ['a constant', () => 7, 2, 0],
  ])('of %s is its derivative, within the error estimate', (_, f, x, expected) => {
    const { value, error } = extrapolatedDifference((h) => ({ value: f(x + h), size: Math.abs(f(x + h)) }));
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(error);
    expect(error).toBeLessThan(1e-10 * Math.max(1, Math.abs(expected)));
  });

  it('estimates a large error where the derivative does not exist', () => {
    const { error } = extrapolatedDifference((h) => ({ value: Math.sqrt(Math.abs(h)) * Math.sign(h), size: 1 }));
    expect(error).toBeGreaterThan(0.1);
  });
});
