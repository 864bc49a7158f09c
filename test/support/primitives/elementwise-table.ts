/** @file Expected values of the elementwise primitives, by functions of single numbers. */
import fc from 'fast-check';
import { input } from '../../../src/tensor/input.ts';
import { abs } from '../../../src/tensor/primitives/abs.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { cos } from '../../../src/tensor/primitives/cos.ts';
import { div } from '../../../src/tensor/primitives/div.ts';
import { equal } from '../../../src/tensor/primitives/equal.ts';
import { erf } from '../../../src/tensor/primitives/erf.ts';
import { erfc } from '../../../src/tensor/primitives/erfc.ts';
import { exp } from '../../../src/tensor/primitives/exp.ts';
import { expm1 } from '../../../src/tensor/primitives/expm1.ts';
import { log } from '../../../src/tensor/primitives/log.ts';
import { maximum } from '../../../src/tensor/primitives/maximum.ts';
import { minimum } from '../../../src/tensor/primitives/minimum.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { phi } from '../../../src/tensor/primitives/phi.ts';
import { reciprocal } from '../../../src/tensor/primitives/reciprocal.ts';
import { rsqrt } from '../../../src/tensor/primitives/rsqrt.ts';
import { scale } from '../../../src/tensor/primitives/scale.ts';
import { select } from '../../../src/tensor/primitives/select.ts';
import { sigmoid } from '../../../src/tensor/primitives/sigmoid.ts';
import { sign } from '../../../src/tensor/primitives/sign.ts';
import { sin } from '../../../src/tensor/primitives/sin.ts';
import { site } from '../../../src/tensor/primitives/site.ts';
import { softplus } from '../../../src/tensor/primitives/softplus.ts';
import { stopGradient } from '../../../src/tensor/primitives/stop-gradient.ts';
import { stored } from '../../../src/tensor/primitives/stored.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { at, build, type Dense, denseOf, numbersIn, positive, shapes, signed } from '../dense.ts';
import { erfcSeries, quotient } from '../exact.ts';
import type { Entry, Use } from './entry.ts';

/** Draws uses of a function of one element. */
function elementwise(
  call: (x: Value) => Value,
  naive: (x: number) => number,
  element: fc.Arbitrary<number>,
): fc.Arbitrary<Use> {
  return shapes()
    .chain((shape) => denseOf(shape, element))
    .map((x) => ({ operands: [x], call: (v) => call(v!), naive: (d) => build(d!.shape, (i) => naive(at(d!, i))) }));
}

/** Draws uses of a function of two elements. */
function pairwise(
  call: (x: Value, y: Value) => Value,
  naive: (x: number, y: number) => number,
  pair: fc.Arbitrary<readonly [number, number]>,
): fc.Arbitrary<Use> {
  return shapes().chain((shape) => {
    const size = numbersIn(shape);
    return fc.array(pair, { minLength: size, maxLength: size }).map((pairs) => ({
      operands: [0, 1].map((side) => ({ shape, data: pairs.map((both) => both[side]!) })),
      call: (x: Value, y: Value) => call(x, y),
      naive: (x: Dense, y: Dense) => build(shape, (i) => naive(at(x, i), at(y, i))),
    })) as fc.Arbitrary<Use>;
  });
}

/** Pairs of numbers whose order survives a change of each by a sixteenth. */
const apart = fc
  .tuple(signed, fc.constantFrom(-2, -1.5, 0.5, 1.5, 2))
  .map(([x, ratio]): readonly [number, number] => [x, x * ratio]);
/** Such pairs, or pairs of equal numbers. */
const apartOrEqual = fc.oneof(
  apart,
  signed.map((x): readonly [number, number] => [x, x]),
);

/** The error function by its alternating series, a method that the engine does not use. */
function erfBySeries(x: number): number {
  let sum = 0;
  for (let n = 0, term = x; n < 60; n++, term *= (-x * x) / n) sum += term / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** `Σ_j z^j / (j + k)!`, summed from the smallest term. */
function phiBySeries(z: number, order: number): number {
  const terms = [1];
  for (let n = 1; n < 60; n++) terms.push((terms.at(-1)! * (n > order ? z : 1)) / n);
  return terms.slice(order).reduceRight((sum, term) => sum + term, 0);
}

/** The elementwise primitives. */
export const elementwiseEntries = {
  add: { derivative: 'smooth', uses: pairwise(add, (x, y) => x + y, fc.tuple(signed, signed)) },
  mul: { derivative: 'smooth', uses: pairwise(mul, (x, y) => x * y, fc.tuple(signed, signed)) },
  div: { derivative: 'smooth', uses: pairwise(div, (x, y) => x / y, fc.tuple(signed, signed)) },
  scale: {
    derivative: 'smooth',
    uses: signed.chain((by) =>
      elementwise(
        (x) => scale(x, by),
        (x) => by * x,
        signed,
      ),
    ),
  },
  exp: { derivative: 'smooth', uses: elementwise(exp, Math.exp, signed) },
  expm1: { derivative: 'smooth', uses: elementwise(expm1, Math.expm1, signed) },
  sin: { derivative: 'smooth', uses: elementwise(sin, Math.sin, signed) },
  cos: { derivative: 'smooth', uses: elementwise(cos, Math.cos, signed) },
  log: { derivative: 'smooth', uses: elementwise(log, Math.log, positive) },
  erf: { derivative: 'smooth', ulps: 32, uses: elementwise(erf, erfBySeries, signed) },
  erfc: {
    derivative: 'smooth',
    ulps: 5,
    uses: elementwise(erfc, (x) => quotient(erfcSeries(x, 300), 1n << 300n), signed),
  },
  sigmoid: { derivative: 'smooth', ulps: 4, uses: elementwise(sigmoid, (x) => 1 / (1 + Math.exp(-x)), signed) },
  softplus: {
    derivative: 'smooth',
    ulps: 4,
    roundings: 30,
    uses: elementwise(softplus, (x) => Math.log(1 + Math.exp(x)), signed),
  },
  phi: {
    derivative: 'smooth',
    ulps: 16,
    roundings: 36,
    uses: fc.integer({ min: 1, max: 4 }).chain((order) =>
      elementwise(
        (x) => phi(x, order),
        (x) => phiBySeries(x, order),
        signed,
      ),
    ),
  },
  reciprocal: { derivative: 'smooth', uses: elementwise(reciprocal, (x) => 1 / x, signed) },
  rsqrt: { derivative: 'smooth', ulps: 2, uses: elementwise(rsqrt, (x) => x ** -0.5, positive) },
  abs: { derivative: 'smooth', uses: elementwise(abs, (x) => (x < 0 ? -x : x), signed) },
  sign: {
    derivative: 'flat',
    uses: elementwise(sign, (x) => (x < 0 ? -1 : x > 0 ? 1 : 0), fc.oneof(signed, fc.constant(0))),
  },
  site: {
    derivative: 'smooth',
    uses: elementwise(
      (x) => site(x, 'here'),
      (x) => x,
      signed,
    ),
  },
  stored: {
    derivative: 'smooth',
    uses: elementwise(
      (x) => stored(x, 'state'),
      (x) => x,
      signed,
    ),
  },
  stopGradient: { derivative: 'flat', uses: elementwise(stopGradient, (x) => x, signed) },
  equal: { derivative: 'flat', uses: pairwise(equal, (x, y) => (x === y ? 1 : 0), apartOrEqual) },
  maximum: { derivative: 'smooth', uses: pairwise(maximum, Math.max, apart) },
  minimum: { derivative: 'smooth', uses: pairwise(minimum, Math.min, apart) },
  select: {
    derivative: 'smooth',
    uses: shapes()
      .chain((shape) =>
        fc.tuple(denseOf(shape, fc.constantFrom(0, 1, -2)), denseOf(shape, signed), denseOf(shape, signed)),
      )
      .map(([mask, x, y]) => ({
        operands: [x, y],
        call: (a, b) => select(input(a!.on.root, mask.data, mask.shape), a!, b!),
        naive: (a, b) => build(mask.shape, (i) => (at(mask, i) !== 0 ? at(a!, i) : at(b!, i))),
      })),
  },
} as const satisfies Readonly<Record<string, Entry>>;
