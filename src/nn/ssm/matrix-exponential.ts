/** @file Exponential and inverse of small matrices, composed of primitives. */

import { firstIsLarger } from '../../tensor/compare.ts';
import { fail } from '../../tensor/errors.ts';
import { constantLike, filledLike } from '../../tensor/operand.ts';
import { sub } from '../../tensor/ops.ts';
import { abs } from '../../tensor/primitives/abs.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { div } from '../../tensor/primitives/div.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { maxReduce } from '../../tensor/primitives/max-reduce.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { select } from '../../tensor/primitives/select.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import { show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes } from '../check.ts';

/** Number of terms of the series: enough for double precision where the norm is at most ½. */
const terms = 16;
/** Number of halvings from a norm of 2^22 to ½. */
const mostHalvings = 23;

const times = (x: Value, y: Value): Value => einsum('eij,ejk->eik', x, y);

/** Identity matrices [e, n, n], shaped as `a`. */
export function identityLike(a: Value): Value {
  const [, n] = a.shape as readonly [number, number, number];
  const ones = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  return broadcast(constantLike(a, ones, [1, n, n]), a.shape);
}

/** Throws unless `a` holds square matrices [e, n, n]. */
function checkSquare(call: string, a: Value): void {
  checkAxes(call, 'a', a, ['e', 'n', 'n']);
  if (a.shape[1] !== a.shape[2]) fail(`${call}: a has shape ${show(a.shape)}; its matrices must be square`);
}

/**
 * `exp(A)` of each matrix of a [e, n, n] with a norm of up to 2²², by scaling and squaring. It halves A until the norm is at most
 * ½, sums the series, and squares the sum once for each halving. Numbers select results but never decide which primitives run.
 * Throws on another shape.
 * @example
 * read(matrixExponential(tensor([[[0, 3], [0, 0]]]))) // [1, 3, 0, 1]
 */
export function matrixExponential(a: Value): Value {
  checkSquare('matrixExponential', a);
  const [e, n] = a.shape as readonly [number, number, number];
  if (n === 0) return a;
  const norm = stopGradient(maxReduce(sum(abs(a), [2]), 1));
  const half = filledLike(norm, 0.5, [e]);
  // scaled norms, because 2^k may be beyond the largest number of a format
  const isHalved = Array.from({ length: mostHalvings }, (_, k) =>
    reshape(firstIsLarger(scale(norm, 2 ** -k), half), [e, 1, 1]),
  );
  const small = isHalved.reduce((w, mask) => select(mask, scale(w, 0.5), w), a);
  const one = identityLike(a);
  let series = one;
  for (let k = terms; k > 0; k--) series = stored(add(one, scale(times(small, series), 1 / k)), 'value');
  return isHalved.reduce((power, mask) => select(mask, stored(times(power, power), 'value'), power), series);
}

/**
 * `A⁻¹` of each matrix of a [e, n, n], by Gaussian elimination without row exchanges. It suits matrices such as I − ΔA/2 of a
 * stable A, whose pivots stay away from 0. Where a pivot is 0, the result is not finite. Throws on another shape.
 * @example
 * read(matrixInverse(tensor([[[2, 1], [0, 4]]]))) // [0.5, -0.125, 0, 0.25]
 */
export function matrixInverse(a: Value): Value {
  checkSquare('matrixInverse', a);
  const [e, n] = a.shape as readonly [number, number, number];
  let rows = concat([a, identityLike(a)], 2);
  for (let j = 0; j < n; j++) {
    const pivotRow = slice(rows, 1, j, j + 1);
    const pivot = div(pivotRow, slice(pivotRow, 2, j, j + 1));
    // normalise the pivot row j, and subtract its multiple from every other row
    const unit = constantLike(
      a,
      Float64Array.from({ length: n }, (_, i) => (i === j ? 1 : 0)),
      [1, n, 1],
    );
    const column = mul(slice(rows, 2, j, j + 1), sub(1, unit));
    const others = mul(rows, sub(1, unit));
    rows = stored(add(sub(others, mul(column, pivot)), mul(unit, broadcast(pivot, [e, 1, 2 * n]))), 'value');
  }
  return slice(rows, 2, n, 2 * n);
}
