/** @file Computes an einsum by batched matrix products, two operands at a time. */
import { type EinsumParams, indexLengths } from '../../tensor/primitives/einsum.ts';
import { stridesOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import type { Numbers } from './allocate.ts';
import { type Indices, type Layout, type Product, planOf, sameAxes, sizeIn } from './einsum-plan.ts';
import { matmul } from './matmul.ts';
import type { Matrices } from './matmul-loops.ts';
import { stridedCopy } from './movement.ts';
import { sum } from './reduce.ts';

/** Numbers with one index per axis. */
interface Indexed<A extends Numbers> {
  readonly data: A;
  readonly axes: Indices;
}
type Lengths = readonly number[];

/** Computes an einsum of checked operands. */
export function einsum<A extends Numbers>(xs: readonly Value<A>[], params: EinsumParams): A {
  const lengths = indexLengths(params, xs);
  const { kept, products } = planOf(params, lengths);
  const operands = xs.map((x, i) => summedTo(kept[i]!, { data: x.data, axes: params.axes[i]! }, lengths));
  for (const product of products) {
    operands.push(multiply(operands[product.left]!, operands[product.right]!, product, lengths));
  }
  return ordered(operands[operands.length - 1]!, params.outAxes, lengths);
}

/** Sums `x` over all indices except those in `kept`. */
function summedTo<A extends Numbers>(kept: Indices, x: Indexed<A>, lengths: Lengths): Indexed<A> {
  if (kept.length === x.axes.length) return x;
  const shape = x.axes.map((index) => lengths[index]!);
  const away = x.axes.flatMap((index, axis) => (kept.includes(index) ? [] : [axis]));
  return { data: sum(x.data, shape, away), axes: kept };
}

function multiply<A extends Numbers>(x: Indexed<A>, y: Indexed<A>, product: Product, lengths: Lengths): Indexed<A> {
  const batch = sizeIn(product.batch, lengths);
  const m = sizeIn(product.rows, lengths);
  const n = sizeIn(product.columns, lengths);
  const k = sizeIn(product.summed, lengths);
  const left = matrices(x, product.x, m, k, lengths);
  const right = matrices(y, product.y, k, n, lengths);
  return { data: matmul(left, right, batch, m, n, k), axes: product.out };
}

/** Returns an operand as batched matrices. Copies it only if its axes are in another order. */
function matrices<A extends Numbers>(
  x: Indexed<A>,
  { axes, transposed }: Layout,
  rows: number,
  columns: number,
  lengths: Lengths,
): Matrices<A> {
  const data = ordered(x, axes, lengths);
  const batch = rows * columns;
  return transposed ? { data, batch, row: 1, column: rows } : { data, batch, row: columns, column: 1 };
}

/** Permutes the axes of `x`. */
function ordered<A extends Numbers>(x: Indexed<A>, axes: Indices, lengths: Lengths): A {
  if (sameAxes(x.axes, axes)) return x.data;
  const strides = stridesOf(x.axes.map((index) => lengths[index]!));
  return stridedCopy(
    x.data,
    axes.map((index) => lengths[index]!),
    axes.map((index) => strides[x.axes.indexOf(index)]!),
  );
}
