/** @file Expected values of the primitives that run along a sequence, one number at a time. */
import fc from 'fast-check';
import { causalConvolution } from '../../../src/tensor/primitives/causal-convolution.ts';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { at, build, type Dense, denseOf, digit, type Position, positive, shapesWithAxis } from '../dense.ts';
import type { Entry } from './entry.ts';

const withAt = (position: Position, axis: number, i: number): number[] =>
  position.map((old, a) => (a === axis ? i : old));
const without = (position: Position, axis: number): number[] => position.filter((_, a) => a !== axis);

/** `h_t` by the recurrence from h0, one number at a time. */
function naiveScan(axis: number, reverse: boolean): (a: Dense, b: Dense, h0: Dense) => Dense {
  return (a, b, h0) =>
    build(b.shape, (position) => {
      const tokens = Array.from({ length: b.shape[axis]! }, (_, s) => s);
      const t = position[axis]!;
      const seen = reverse ? tokens.slice(t).reverse() : tokens.slice(0, t + 1);
      return seen.reduce(
        (h, s) => at(a, withAt(position, axis, s)) * h + at(b, withAt(position, axis, s)),
        at(h0, without(position, axis)),
      );
    });
}

/** `Σ_{s≤t} k_{t−s} x_s` or `Σ_{s≥t} k_{s−t} x_s`, one number at a time. */
function naiveConvolution(axis: number, reverse: boolean): (x: Dense, k: Dense) => Dense {
  return (x, k) =>
    build(x.shape, (position) => {
      const t = position[axis]!;
      let sum = 0;
      for (let s = reverse ? t : 0; s <= (reverse ? x.shape[axis]! - 1 : t); s++) {
        sum += at(k, withAt(position, axis, Math.abs(t - s))) * at(x, withAt(position, axis, s));
      }
      return sum;
    });
}

/** Primitives that run along a sequence. */
export const sequenceEntries = {
  linearScan: {
    derivative: 'smooth',
    // sums of products of these decays are exact
    uses: fc
      .tuple(shapesWithAxis(), fc.boolean())
      .chain(([{ shape, axis }, reverse]) =>
        fc.tuple(
          denseOf(shape, fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2)),
          denseOf(shape, digit),
          denseOf(without(shape, axis), digit),
          fc.constant({ axis, reverse }),
        ),
      )
      .map(([a, b, h0, { axis, reverse }]) => ({
        operands: [a, b, h0],
        call: (...[x, y, z]) => linearScan(x!, y!, z!, axis, { reverse }),
        naive: (...[x, y, z]) => naiveScan(axis, reverse)(x!, y!, z!),
      })),
  },
  causalConvolution: {
    derivative: 'smooth',
    // positive: the error of an FFT is relative to the norms, so no element may be much smaller
    ulps: 64,
    roundings: 500,
    uses: fc
      .tuple(shapesWithAxis(), fc.boolean(), fc.constantFrom('direct' as const, 'fft' as const))
      .chain(([{ shape, axis }, reverse, method]) =>
        fc.tuple(denseOf(shape, positive), denseOf(shape, positive), fc.constant({ axis, reverse, method })),
      )
      .map(([x, k, { axis, ...how }]) => ({
        operands: [x, k],
        call: (...[a, b]) => causalConvolution(a!, b!, axis, how),
        naive: (...[a, b]) => naiveConvolution(axis, how.reverse)(a!, b!),
      })),
  },
} as const satisfies Readonly<Record<string, Entry>>;
