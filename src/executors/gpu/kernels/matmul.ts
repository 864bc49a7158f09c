/** @file Launches matrix products of strided arrays: tiled on devices with workgroups, else with one invocation per element. */
import type { Fuser } from '../fusion/fuser.ts';
import { type Axis, loopsOver, type MatrixAxes, merged, placesOf, plus } from '../text/places.ts';
import { dense } from '../values/expression.ts';
import type { Expression, Read } from '../values/numbers.ts';
import { without1 } from '../values/views.ts';
import { sums } from './reduce.ts';
import { joinedParts } from './splits.ts';
import { chooseTiling, type ProductSize, tiledProduct } from './tiles.ts';

const sizeOfAxes = (axes: readonly Axis[]): number => axes.reduce((size, { length }) => size * length, 1);

/** `Σ_k a[batch, rows, k] b[batch, k, columns]`, with the axes of `out`. */
export function matrixProduct(fuser: Fuser, a: Read, b: Read, axes: MatrixAxes): Expression {
  const size = sizeOfAxes(axes.out);
  const shape = without1(axes.out.map(({ length }) => length));
  const sizes: ProductSize = [
    sizeOfAxes(axes.batch),
    sizeOfAxes(axes.rows),
    sizeOfAxes(axes.columns),
    sizeOfAxes(axes.summed),
  ];
  const tiling = chooseTiling(sizes, fuser.target);
  const text = plain(a, b, axes);
  // if both operands are the same array, the kernel has one argument
  const operands = a.array === b.array ? [a.array] : [a.array, b.array];
  if (tiling === null) return dense(fuser.launch(size, operands, text), shape);
  const workgroup = tiledProduct(a, b, axes, tiling, sizes);
  const array = fuser.launch(size * tiling.splits, operands, text, workgroup);
  return joinedParts(array, shape, tiling.splits, sums.combine);
}

/** Text of a matrix product with one invocation per element of the result, in row-major order. */
function plain(a: Read, b: Read, { out, summed }: MatrixAxes): string {
  const { setup, offsets } = placesOf(
    merged(out.map(({ length, steps }) => ({ length, steps: steps.slice(0, 2) }))),
    2,
  );
  const name = a.array === b.array ? 'a0' : 'a1';
  const starts = [a, b].map(({ form }, x) => `const b${x} = ${plus(offsets[x]!, form.start)};`);
  const loops = merged(summed.map(({ length, steps }) => ({ length, steps: steps.slice(0, 2) })));
  const body = loopsOver(loops, ['b0', 'b1'], ([x, y]) => `s = s + a0[${x}] * ${name}[${y}];`);
  return `${setup}\n${starts.join(' ')}\nlet s = 0;\n${body}\nreturn s;`;
}
