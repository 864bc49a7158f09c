/** @file The parallel (associative) scan equals a left fold, for real, complex and matrix decays, gradients included. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vjp } from '../../../src/autograd/vjp.ts';
import { f64, tensor } from '../../../src/executors/f64/index.ts';
import { associativeScan, type Combine } from '../../../src/nn/ssm/associative-scan.ts';
import { type Affine, complexCombine, matrixCombine, realCombine } from '../../../src/nn/ssm/combine.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { rng } from '../../../src/tensor/random.ts';
import { type Shape, sizeOf } from '../../../src/tensor/shape.ts';
import { leavesOf, mapTree, type Tree } from '../../../src/tensor/tree.ts';
import type { Value } from '../../../src/tensor/value.ts';

/** Combines elements one after another: every scan must equal this left fold. */
function leftFold<T extends Tree>(combine: Combine<T>, elements: T, axis: number, length: number): T[] {
  const element = (t: number): T => mapTree(elements, (x) => slice(x, axis, t, t + 1));
  const prefixes = [element(0)];
  for (let t = 1; t < length; t++) prefixes.push(combine(prefixes.at(-1)!, element(t)));
  return prefixes;
}

/** Draws halves and integers. Sums and products are exact, so only the order of factors matters. */
const dyadic = (shape: Shape, seed: number): Value => {
  const random = rng(seed);
  return input(
    f64,
    Float64Array.from({ length: sizeOf(shape) }, () => (random.integer(5) - 2) / 2),
    shape,
  );
};
const lengths = fc.integer({ min: 1, max: 17 });
const sizes = fc.record({ t: lengths, b: fc.integer({ min: 1, max: 3 }), seed: fc.integer({ min: 1, max: 1e6 }) });

function expectFold<T extends Tree>(combine: Combine<T>, elements: T, axis: number, t: number): void {
  const scanned = leavesOf(associativeScan(combine, elements, axis));
  const folded = leftFold(combine, elements, axis, t).map(leavesOf);
  scanned.forEach((x, i) => {
    const expected = concat(
      folded.map((leaves) => leaves[i]!),
      axis,
    );
    expect(x.shape).toEqual(expected.shape);
    expect(read(x).map((y) => y + 0)).toEqual(read(expected).map((y) => y + 0));
  });
}

describe('associativeScan', () => {
  it('equals the left fold bit for bit, with real decays that have no batch axis', () => {
    fc.assert(
      fc.property(sizes, ({ t, b, seed }) => {
        const step: Affine<Value> = { a: dyadic([t, 1, 2], seed), b: dyadic([t, b, 2], seed + 1) };
        expectFold(realCombine, step, 0, t);
      }),
    );
  });

  it('equals the left fold bit for bit, with complex decays', () => {
    fc.assert(
      fc.property(sizes, ({ t, b, seed }) => {
        const complex = (s: number) => ({ re: dyadic([b, t, 2], s), im: dyadic([b, t, 2], s + 1) });
        expectFold(complexCombine, { a: complex(seed), b: complex(seed + 2) }, 1, t);
      }),
    );
  });

  it('equals the left fold bit for bit, with matrices, which do not commute', () => {
    fc.assert(
      fc.property(sizes, ({ t, b, seed }) => {
        const step = { a: dyadic([t, 2, 3, 3], seed), b: dyadic([b, t, 2, 3, 1], seed + 1) };
        expectFold(matrixCombine, step, -4, t);
      }),
    );
  });

  it('has the gradient of the left fold, bit for bit', () => {
    fc.assert(
      fc.property(sizes, ({ t, b, seed }) => {
        const step = { a: dyadic([t, b, 2], seed), b: dyadic([t, b, 2], seed + 1) };
        const ct = { a: dyadic([t, b, 2], seed + 2), b: dyadic([t, b, 2], seed + 3) };
        const scanned = vjp((xs: typeof step) => associativeScan(realCombine, xs, 0), step).pullback(ct);
        const folded = vjp((xs: typeof step) => {
          const all = leftFold(realCombine, xs, 0, t);
          return {
            a: concat(
              all.map(({ a }) => a),
              0,
            ),
            b: concat(
              all.map(({ b }) => b),
              0,
            ),
          };
        }, step).pullback(ct);
        expect(read(scanned.a).map((y) => y + 0)).toEqual(read(folded.a).map((y) => y + 0));
        expect(read(scanned.b).map((y) => y + 0)).toEqual(read(folded.b).map((y) => y + 0));
      }),
    );
  });

  it('refuses elements whose lengths differ, and returns an empty sequence unchanged', () => {
    const step = { a: tensor([1, 2]), b: tensor([1, 2, 3]) };
    expect(() => associativeScan(realCombine, step, 0)).toThrow(
      'associativeScan: axis 0 is 2 in one value and 3 in another; elements share it',
    );
    expect(associativeScan(realCombine, { a: tensor([]), b: tensor([]) }, 0).b.shape).toEqual([0]);
  });
});
