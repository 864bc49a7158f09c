/** @file The bounds of single operations, against numbers derived by hand and at the edges of the format. */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { bounded, boundOf, float32, float64, snap } from '../../src/executors/bounded/index.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import { f32Format } from '../../src/executors/profiles/format.ts';
import { deviceFunctions } from '../../src/executors/profiles/functions.ts';
import { float16, type Profile, profile } from '../../src/executors/profiles/profile.ts';
import { silu } from '../../src/nn/activations.ts';
import { indexInput, input, read } from '../../src/tensor/input.ts';
import { constantLike, filledLike, zerosLike } from '../../src/tensor/operand.ts';
import { neg } from '../../src/tensor/ops.ts';
import { abs } from '../../src/tensor/primitives/abs.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { div } from '../../src/tensor/primitives/div.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { equal } from '../../src/tensor/primitives/equal.ts';

import { erf } from '../../src/tensor/primitives/erf.ts';
import { erfc } from '../../src/tensor/primitives/erfc.ts';
import { exp } from '../../src/tensor/primitives/exp.ts';
import { gather } from '../../src/tensor/primitives/gather.ts';
import { linearScan } from '../../src/tensor/primitives/linear-scan.ts';
import { log } from '../../src/tensor/primitives/log.ts';
import { maxReduce } from '../../src/tensor/primitives/max-reduce.ts';
import { maximum } from '../../src/tensor/primitives/maximum.ts';
import { minimum } from '../../src/tensor/primitives/minimum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { pad } from '../../src/tensor/primitives/pad.ts';
import { reciprocal } from '../../src/tensor/primitives/reciprocal.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { rsqrt } from '../../src/tensor/primitives/rsqrt.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { scatterAdd } from '../../src/tensor/primitives/scatter-add.ts';
import { select } from '../../src/tensor/primitives/select.ts';
import { sigmoid, sigmoidByDifference } from '../../src/tensor/primitives/sigmoid.ts';
import { sign } from '../../src/tensor/primitives/sign.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { transpose } from '../../src/tensor/primitives/transpose.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';

const on = bounded(float32) as Executor;
const { u, tiny, largest } = float32.at.sum;
const { POSITIVE_INFINITY: inf, NaN: nan } = Number;

/** Values without error. */
const exact = (...x: number[]): Value => input(on, x, [x.length]);
/** Values with given absolute errors. */
const off = (x: readonly number[], e: readonly number[]): Value =>
  constantLike(exact(0), Float64Array.from(x), [x.length], (_x, i) => e[i]! / (u + 2 ** -53));
const bounds = (x: Value): number[] => [...boundOf(x)];
const bound = (x: Value): number => boundOf(x)[0]!;
/** Expects a bound of at least `expected`, and at most a thousandth more. */
function expectBound(found: number, expected: number): void {
  expect(found).toBeGreaterThanOrEqual(expected * (1 - 1e-12));
  expect(found).toBeLessThanOrEqual(expected * 1.001 + 20 * tiny);
}

describe('inputs of a bounded executor', () => {
  it('are exact numbers of the format', () => {
    expect(bounds(exact(1, -0.5, 0, largest, tiny))).toEqual([0, 0, 0, 0, 0]);
    expect(() => exact(1, 0.1)).toThrow(
      'input: element 1 is 0.1, which is no normal number of f32; snap the numbers to it first',
    );
    expect(() => exact(2 ** -127)).toThrow('no normal number of f32');
    expect(() => input(bounded(float64), [0.1, 1e-310], [2])).not.toThrow();
  });

  it('may be infinite or NaN, exactly', () => {
    expect(bounds(exact(inf, -inf, nan))).toEqual([0, 0, 0]);
  });

  it('are rounded by snap: to nearest, or to 0 where a device may flush', () => {
    expect([...snap(float32, [0.1, -1e-40, inf, 3])]).toEqual([Math.fround(0.1), 0, inf, 3]);
    expect([...snap(float64, [0.1, 1e-310])]).toEqual([0.1, 1e-310]);
    expect(() => snap(float32, [1, 1e39])).toThrow('snap: element 1 is 1e+39, beyond');
  });
});

describe('constants', () => {
  it('are exact if they have few bits; otherwise each side rounds them once', () => {
    expect(bounds(constantLike(exact(1), Float64Array.of(0, 1, -0.375, 100), [4]))).toEqual([0, 0, 0, 0]);
    expectBound(bound(filledLike(exact(1), 0.1, [1])), 0.1 * (u + 2 ** -53));
    expect(bounds(zerosLike(exact(1, 2)))).toEqual([0, 0]);
  });

  it('have the error that their slack states', () => {
    expectBound(bound(constantLike(exact(1), Float64Array.of(0.5), [1], () => 7)), 7 * (u + 2 ** -53));
  });

  it('may be 0 where they underflow, and have an infinite bound where they overflow', () => {
    expect(bound(filledLike(exact(1), 1e-60, [1]))).toBeGreaterThanOrEqual(1e-60);
    expect(bound(filledLike(exact(1), 1e39, [1]))).toBe(inf);
  });
});

describe('the bound of a result', () => {
  it('is 0 where nothing is rounded', () => {
    const x = off([3], [0.25]);
    expect(bounds(add(exact(2.5), exact(-2.5)))).toEqual([0]);
    expect(bounds(mul(exact(0), x))).toEqual([0]);
    expect(bound(add(exact(0), x))).toBe(bound(x));
    expect(bound(neg(x))).toBe(bound(x));
    expect(bound(abs(x))).toBe(bound(x));
    expectBound(bound(mul(exact(-1), x)), 0.25);
    expectBound(bound(scale(x, 0.5)), 0.125);
    expect(bounds(scale(exact(3, 0), 0))).toEqual([0, 0]);
    // an inexact 0 adds its own error
    expectBound(bound(add(off([0], [0.5]), exact(3))), 0.5);
    expectBound(bound(add(exact(3), off([0], [0.5]))), 0.5);
    expectBound(bound(mul(off([0], [0.5]), exact(3))), 1.5);
    expectBound(bound(mul(off([1], [0.5]), exact(3))), 1.5);
  });

  it('grows by one rounding of each side where a factor is nearly a power of two', () => {
    // log₂ of these factors rounds to an integer
    for (const by of [2 ** 50 * (1 + 2 ** -52), 2 ** -40 * (1 - 2 ** -53)]) {
      expect(Number.isInteger(Math.log2(by))).toBe(true);
      expect(bound(scale(exact(3), by))).toBeGreaterThanOrEqual(3 * u * by);
    }
  });

  it('has no part for underflow where the result is certainly a normal number', () => {
    const unit = u + 2 ** -53;
    expect(bound(mul(exact(2 ** -60), exact(2 ** -65)))).toBeLessThan(1.01 * unit * 2 ** -125);
    expect(bound(mul(exact(1.5 * 2 ** -60), exact(2 ** -67)))).toBeGreaterThanOrEqual(tiny);
    expect(bound(exp(exact(-87)))).toBeLessThan(300 * u * Math.exp(-87));
    expect(bound(exp(exact(-87.5)))).toBeGreaterThanOrEqual(tiny);
    // σ(−80) is a normal number, and so is its product with 80
    expect(bound(silu(exact(-80)))).toBeLessThan(2e-5 * 80 * Math.exp(-80));
  });

  it('covers underflow, also in products with a power of two and in sums of products', () => {
    expect(bound(scale(exact(tiny), 0.5))).toBeGreaterThanOrEqual(tiny / 2);
    expect(bound(mul(exact(2 ** -70), exact(2 ** -70)))).toBeGreaterThanOrEqual(2 ** -140);
    // a device may flush each of three products and each of two sums
    const x = exact(2 ** -64, 2 ** -64, 2 ** -64);
    expect(bound(einsum('i,i->', x, x))).toBeGreaterThanOrEqual(5 * tiny);
    // 10⁻³⁰ · 10⁻³⁰ · 10³⁰: the first product underflows to 0
    const [small, huge] = [exact(2 ** -100), exact(2 ** 100)];
    expect(bound(einsum('i,i,i->', small, small, huge))).toBeGreaterThanOrEqual(2 ** -100);
    // in two products an implementation may multiply the small numbers first, too
    const product = mul(mul(small, huge), small);
    expect(bound(product)).toBeGreaterThanOrEqual(2 ** -100);
    expect(bound(mul(mul(small, exact(2 ** 10)), exact(2 ** -30)))).toBeGreaterThanOrEqual(2 ** 10 * tiny);
    // a sum begins anew, and a product of this size has no factor that could underflow
    expect(bound(mul(add(mul(small, huge), exact(1)), exact(2 ** -120)))).toBeLessThan(5 * tiny);
    expect(bound(mul(mul(exact(2 ** 20), exact(2 ** -40)), exact(2 ** -60)))).toBeLessThan(5 * u * 2 ** -80);
  });

  it('covers operands that underflow in their own format when they are scaled before a product', () => {
    const decayed = (profile: Profile): number => {
      const half = bounded(profile) as Executor;
      const [q, k, decay] = [[64], [1], [2 ** -16]].map((x) => input(half, x, [1, 1]));
      return bound(mul(einsum('td,sd->ts', q!, k!), decay!));
    };
    // 2⁻¹⁶ is subnormal in f16, with a spacing of 2⁻²⁴
    expect(decayed({ ...float16, scalesOperands: true })).toBeGreaterThanOrEqual(64 * 2 ** -24);
    expect(decayed(float16)).toBeLessThan(2 ** -20);
  });

  it('covers the same of a decay that the program multiplies into the other operand', () => {
    const gradient = (profile: Profile, isDecayed: boolean): number => {
      const half = bounded(profile) as Executor;
      const [q, by, decay] = [[1.0009765625], [64], [2 ** -16]].map((x) => input(half, x, [1, 1]));
      return bound(einsum('td,te->de', q!, isDecayed ? mul(by!, decay!) : by!));
    };
    // 2⁻¹⁶ · 1.001 is rounded to a multiple of 2⁻²⁴, and then multiplied by 64
    const scaled: Profile = { ...float16, scalesOperands: true };
    expect(gradient(scaled, true)).toBeGreaterThanOrEqual(64 * 2 ** -24);
    expect(gradient(scaled, true)).toBeLessThan(2 * 64 * 2 ** -24);
    expect(gradient(float16, true)).toBeLessThan(2 ** -20);
    // nothing to underflow: two roundings of the operands and those of the product
    expect(gradient(scaled, false)).toBeLessThan(64 * 2.1 * 2 ** -11);
  });

  it('amplifies what underflows in a term by the factors of that term alone', () => {
    const half = bounded({ ...float16, scalesOperands: true }) as Executor;
    const [q, by, decay] = [
      [1, 64, 1],
      [32, 4096, 0.5],
      [2 ** -16, 1, 1],
    ].map((x) => input(half, x, [3, 1]));
    const [first, second, third] = bounds(mul(einsum('hd,he->h', q!, by!), reshape(decay!, [3])));
    // 2⁻¹⁶ · 1 may be rounded to a multiple of 2⁻²⁴, times 32: the larger factors of others do not matter
    expect(first).toBeGreaterThanOrEqual(32 * 2 ** -24);
    expect(first).toBeLessThan(8 * 32 * 2 ** -24);
    expect(second).toBeGreaterThan(4096 * 2 ** -24);
    expect(third).toBeLessThan(8 * 2 ** -24 + 2 ** -10);
    // nor those of later steps of a scan
    const states = linearScan(reshape(decay!, [3, 1]), mul(q!, by!), input(half, [0], [1]), 0);
    expect(bounds(states)[0]).toBeLessThan(64 * 2 ** -24);
  });

  it('is infinite where a number or an intermediate result may overflow', () => {
    const [big, max] = [exact(2 ** 100), exact(largest)];
    expect(bound(mul(big, big))).toBe(inf);
    expect(bound(add(max, max))).toBe(inf);
    expect(bound(sum(exact(largest, largest, -largest)))).toBe(inf);
    expect(bound(einsum('i,i,i->', big, big, exact(2 ** -100)))).toBe(inf);
    expect(bound(einsum('i,i,i->', big, big, exact(0)))).toBe(inf);
    expect(bound(exp(exact(89)))).toBe(inf);
    expect(bound(exp(exact(88)))).toBeLessThan(inf);
    expect(bound(reciprocal(exact(0)))).toBe(inf);
    expect(bound(log(exact(0)))).toBe(inf);
  });

  it('is infinite or exact, never NaN, where a number is infinite or NaN', () => {
    const odd = exact(inf, -inf, nan, 0, largest, tiny, -1);
    const unknown = mul(odd, exact(...Array.from({ length: 7 }, () => largest)));
    for (const x of [odd, unknown]) {
      for (const f of [abs, sign, exp, log, sigmoid, erf, erfc, rsqrt, reciprocal, sum, neg]) {
        for (const e of bounds(f(x))) expect(e).not.toBeNaN();
      }
      for (const f of [add, mul, div, equal, maximum, minimum]) {
        for (const y of [odd, unknown]) for (const e of bounds(f(x, y))) expect(e).not.toBeNaN();
      }
      for (const e of bounds(select(off([0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1]), x, odd))) {
        expect(e).not.toBeNaN();
      }
      expect(bound(einsum('i,i->', x, odd))).toBe(inf);
    }
    expect(bounds(add(exact(-inf), off([3], [1])))).toEqual([0]);
    expect(bounds(exp(add(exact(-inf), off([3], [1]))))).toEqual([0]);
  });

  it('stays infinite through bounded functions, because the operand may be NaN', () => {
    const unknown = exp(exact(200));
    for (const f of [sigmoid, erf, sign, abs]) expect(bound(f(unknown))).toBe(inf);
  });

  it('is infinite where the error reaches a pole, and large where the error exceeds the number', () => {
    expect(bound(log(off([1], [1])))).toBe(inf);
    expect(bound(rsqrt(off([1], [1.5])))).toBe(inf);
    expect(bound(reciprocal(off([-1], [1])))).toBe(inf);
    expect(bound(log(off([1], [0.75])))).toBeGreaterThanOrEqual(Math.log(4));
    expect(bound(rsqrt(off([1], [0.75])))).toBeGreaterThanOrEqual(1);
    expect(bound(reciprocal(off([1], [0.75])))).toBeGreaterThanOrEqual(3);
    expect(bound(sigmoid(off([0], [1e6])))).toBeLessThan(1.001);
    expect(bound(erf(off([1], [1e6])))).toBeLessThan(2.001);
    // erf 1 − erf ½
    expect(bound(erf(off([1], [0.5])))).toBeGreaterThanOrEqual(0.3222);
    // e^−800 underflows in f64, e^{−800 + 760} does not
    expect(bound(exp(off([-800], [760])))).toBeGreaterThanOrEqual(Math.exp(-40));
    expect(bound(exp(off([-800], [760])))).toBeLessThan(1.001 * Math.exp(-40));
    // far below 0, even a large error leaves 0
    expect(bound(exp(off([-5e11], [2e5])))).toBeLessThan(3 * tiny);
    expect(bound(sigmoid(off([-5e11], [2e5])))).toBeLessThan(3 * tiny);
    expect(bound(exp(off([-746], [709])))).toBeGreaterThanOrEqual(Math.exp(-37));
    expect(bound(sigmoid(off([-746], [709])))).toBeGreaterThanOrEqual(Math.exp(-37));
  });

  it('of the slope of silu covers 1 − σ as a difference; that of the slope of sigmoid does not', () => {
    const slopeAt = (f: (x: Value) => Value, x: number) => vjp(f, exact(x)).pullback(exact(1));
    const share = (kernel: number, reference: Value): number =>
      Math.abs(kernel - read(reference)[0]!) / bound(reference);
    // three roundings below 1, as a kernel may have it at 16
    const sigma = 1 - 3 * 2 ** -24;
    expect(share(sigma * (1 + 16 * (1 - sigma)), slopeAt(silu, 16))).toBeLessThanOrEqual(1);
    expect(share(sigma * (1 - sigma), slopeAt(sigmoid, 16))).toBeGreaterThan(1);
    // where 1 + e^−x rounds to 1, the difference is 0
    for (const x of [19, 30, 80]) expect(share(0, slopeAt(sigmoidByDifference, x))).toBeLessThanOrEqual(1);
  });

  it('of a comparison covers the other outcome where an error may change it', () => {
    expect(bounds(sign(off([2, 1, -1, 0], [1, 1, 2, 1]))).map(Math.round)).toEqual([0, 2, 2, 1]);
    expect(bounds(equal(off([2, 1], [0.5, 0.5]), exact(3, 1)))).toEqual([0, 1]);
    expect(bounds(equal(exact(3, 1), exact(3, 2)))).toEqual([0, 0]);
    const [x, y] = [off([2, 2], [0.5, 0.5]), off([5, 3], [0.25, 0.75])];
    expectBound(bounds(maximum(x, y))[0]!, 0.25);
    expectBound(bounds(maximum(x, y))[1]!, 0.75);
    expectBound(bounds(minimum(x, y))[0]!, 0.5);
    expectBound(bound(maximum(off([2], [2]), exact(3))), 2);
    const mask = off([2, 1, 0], [1, 1, 0]);
    const chosen = bounds(select(mask, exact(5, 5, 5), off([7, 7, 7], [1, 1, 1])));
    expect(chosen[0]).toBe(0);
    expectBound(chosen[1]!, 3);
    expectBound(chosen[2]!, 1);
  });

  it('of a maximum is the largest bound among the elements that may be the maximum', () => {
    const x = reshape(off([1, 5, 4.9, 1, 2, 3], [100 * u, 0.25, 0.5, 0.1, 0.1, 0.2]), [2, 3]);
    expectBound(bounds(maxReduce(x, 1))[0]!, 0.5);
    expectBound(bounds(maxReduce(x, 1))[1]!, 0.2);
    const columns = transpose(x, [1, 0]);
    expect(bounds(maxReduce(columns, 0))).toEqual(bounds(maxReduce(x, 1)));
    expectBound(bound(maxReduce(off([1, 5], [5, 0.1]), 0)), 5);
  });

  it('of a sum is n − 1 roundings of the sum of absolute values, at least two, not counting exact zeros', () => {
    const unit = u + 2 ** -53;
    expectBound(bound(sum(exact(3, -2, 1))), 2 * unit * 6);
    // a compensated sum of two numbers may round twice
    expectBound(bound(sum(exact(3, -2))), 2 * unit * 5);
    expectBound(bound(sum(exact(4, 3, -2, 1))), 3 * unit * 10);
    expectBound(bound(sum(exact(3, 0, 0, -2, 0, 1))), 2 * unit * 6);
    expect(bounds(sum(exact(0, 7, 0)))).toEqual([0]);
    expectBound(bound(einsum('i,i->', exact(3, 0, -2), exact(5, 1, 1))), 3 * unit * 17);
    // one sum over i and then one over j, or a single sum over both
    expectBound(bound(einsum('i,j->', exact(1, 1), exact(1, 1))), 4 * unit * 4);
    expectBound(bound(sum(off([3, -3], [0.25, 0.5]))), 0.75);
    const index = indexInput(on, [0, 2, 0], [3]);
    const rows = bounds(scatterAdd(exact(3, 4, 5), index, 3));
    expectBound(rows[0]!, 2 * unit * 8);
    expect(rows.slice(1)).toEqual([0, 0]);
  });

  it('of a product covers the errors of both factors and the product of these errors', () => {
    const [x, y] = [off([2], [0.5]), off([-3], [1])];
    expectBound(bound(mul(x, y)), 2 * 1 + 0.5 * 4);
    expectBound(bound(einsum('i,i->', x, y)), 2 * 1 + 0.5 * 4);
    expectBound(bound(einsum('i,i,i->', x, x, x)), 2.5 ** 3 - 2 ** 3);
  });

  it('of a quotient covers a division, and a product with the reciprocal', () => {
    const unit = u + 2 ** -53;
    expectBound(bound(div(exact(49), exact(49))), 5 * unit);
    expectBound(bound(div(exact(2 ** 127), exact(3 * 2 ** 125))), 5 * unit * (4 / 3));
    expectBound(bound(div(off([6], [0.5]), off([3], [1]))), (0.5 + 2 * 1) / 2);
    // a power of two rounds nothing, unless the quotient underflows
    expect(bounds(div(exact(0, 0), exact(-8, 3)))).toEqual([0, 0]);
    expect(boundOf(div(input(bounded(float64) as Executor, [3], [1]), 0.25))).toEqual(Float64Array.of(0));
    expect(bound(div(exact(tiny), exact(4)))).toBeGreaterThanOrEqual(tiny);
    expect(bound(div(exact(largest), exact(0.25)))).toBe(inf);
    expect(bounds(div(exact(1, 0), exact(0, 0)))).toEqual([inf, inf]);
    expect(bound(div(exact(1), off([2], [2])))).toBe(inf);
    expect(bounds(div(off([1], [0.5]), exact(-inf)))).toEqual([0]);
    // the reciprocal overflows, but the quotient need not
    const small = input(bounded(float64) as Executor, [1e-310], [1]);
    expect(bound(div(small, small))).toBeLessThan(1e-15);
    expect(bound(div(1, small))).toBe(inf);
  });

  it('of erfc is relative to its tail', () => {
    const [near, far] = bounds(erfc(exact(5, 9)));
    expect(near).toBeLessThan(20 * u * 1.6e-12);
    expect(far).toBeLessThan(20 * u * 4.2e-37 + 2 * tiny);
    // erfc 4 − erfc 5
    expect(bound(erfc(off([5], [1])))).toBeGreaterThanOrEqual(1.541e-8);
    expect(bound(erfc(off([1], [1e6])))).toBeLessThan(2.001);
  });

  it('covers the rounding at any operand within its bound, not only at the computed one', () => {
    const coarse = bounded(profile('coarse', 'coarse', { ...f32Format, u: 2 ** -8 }, deviceFunctions)) as Executor;
    const third = scale(input(coarse, [3], [1]), 1 / 3);
    const zero = add(third, -1);
    expect(read(zero)).toEqual(Float64Array.of(0));
    expect(bound(zero)).toBeGreaterThanOrEqual(bound(third) * (1 + 2 ** -8));
  });

  it('moves with its number; index values have bound 0', () => {
    const x = off([1, 2, 3], [0.1, 0.2, 0.3]);
    const [a, b, c] = bounds(x);
    expect(bounds(slice(x, 0, 1, 3))).toEqual([b, c]);
    expect(bounds(pad(x, 0, 1, 1))).toEqual([0, a, b, c, 0]);
    expect(bounds(concat([x, exact(1)], 0))).toEqual([a, b, c, 0]);
    const index = indexInput(on, [2, 0], [2]);
    expect(bounds(gather(x, index))).toEqual([c, a]);
    for (const same of [concat([index, index], 0), slice(index, 0, 0, 1), reshape(index, [1, 2])]) {
      expect(bounds(same).every((e) => e === 0)).toBe(true);
    }
    expect(bounds(gather(x, slice(index, 0, 0, 1)))).toEqual([c]);
  });

  it('exists for empty values and empty sums', () => {
    const nothing = reshape(exact(), [0, 2]);
    expect(bounds(sum(nothing, [0]))).toEqual([0, 0]);
    expect(bounds(einsum('ab,ac->bc', nothing, nothing))).toEqual([0, 0, 0, 0]);
    expect(bounds(add(nothing, nothing))).toEqual([]);
    expect(bounds(maxReduce(nothing, 1))).toEqual([]);
    expect(read(sum(nothing, [0]))).toEqual(Float64Array.of(0, 0));
  });
});

it('boundOf says that other executors have no bounds', () => {
  expect(() => boundOf(tensor([1]))).toThrow('boundOf: the value lives on f64; only a bounded executor has bounds');
  expect(boundOf(input(bounded(float64), [1], [1]))).toEqual(Float64Array.of(0));
  expect(f64.name).toBe('f64');
});
