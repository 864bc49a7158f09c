/** @file Launches matrix products of strided arrays: tiled on devices with workgroups, else with one invocation per element. */
import type { Fuser } from '../fusion/fuser.ts';
import type { ProductRoutine } from '../text/kernel.ts';
import { type Axis, loopsOver, type MatrixAxes, merged, placesOf, plus } from '../text/places.ts';
import { type Argument, startName } from '../text/script.ts';
import { dense, placed } from '../values/expression.ts';
import type { Expression, Read } from '../values/numbers.ts';
import { without1 } from '../values/views.ts';
import type { Band } from './bands.ts';
import { sharedProduct } from './shared-products.ts';
import { isStraight } from './tile-loaders.ts';
import { chooseTiling, operandsOf, type Product, type ProductSize } from './tiles.ts';

const sizeOfAxes = (axes: readonly Axis[]): number => axes.reduce((size, { length }) => size * length, 1);

/** `Σ_k a[batch, rows, k] b[batch, k, columns]`, with the axes of `out`. Its sums are zero outside of the band. */
export function matrixProduct(fuser: Fuser, left: Read, right: Read, axes: MatrixAxes, band: Band | null): Expression {
  const [a, b] = [placed(left), placed(right)];
  const size = sizeOfAxes(axes.out);
  const shape = without1(axes.out.map(({ length }) => length));
  const sizes: ProductSize = [
    sizeOfAxes(axes.batch),
    sizeOfAxes(axes.rows),
    sizeOfAxes(axes.columns),
    sizeOfAxes(axes.summed),
  ];
  const choice = chooseTiling([sizes], fuser.target, { isStraight: isStraight([a, b], axes), band });
  const product = { a, b, axes, sizes, band };
  const operands = operandsOf([product]);
  const text = plain(operands, product);
  if (choice !== null) return sharedProduct(fuser, product, shape, text, choice);
  return dense(fuser.launch(size, operands, text, undefined, routineOf(a, b, axes)), shape);
}

/** The product as a routine. Null unless rows, columns and sum are one axis each in both operands, and the result is row-major. */
function routineOf(a: Read, b: Read, axes: MatrixAxes): ProductRoutine | null {
  const [rows, columns, summed] = [axes.rows, axes.columns, axes.summed].map(merged);
  const batch = merged(axes.batch);
  const [row, column, inner] = [rows![0], columns![0], summed![0]];
  if (rows!.length > 1 || columns!.length !== 1 || summed!.length > 1 || row === undefined || inner === undefined)
    return null;
  const isDense = column!.steps[2] === 1 && row.steps[2] === column!.length;
  let size = row.length * column!.length;
  for (const { length, steps } of batch.toReversed()) {
    if (steps[2] !== size) return null;
    size *= length;
  }
  if (!isDense) return null;
  return { is: 'product', batch, rows: row, columns: column!, summed: inner, starts: [a.form.start, b.form.start] };
}

/** Text of a matrix product with one invocation per element of the result, in row-major order. */
function plain(operands: readonly Argument[], { a, b, axes: { out, summed } }: Product): string {
  const { setup, offsets } = placesOf(
    merged(out.map(({ length, steps }) => ({ length, steps: steps.slice(0, 2) }))),
    2,
  );
  const name = a.array === b.array ? 'a0' : 'a1';
  const starts = [a, b].map((read, x) => {
    const start = startName(operands, read);
    return `const b${x} = ${start === null ? plus(offsets[x]!, read.form.start) : `${offsets[x]} + ${start}`};`;
  });
  const loops = merged(summed.map(({ length, steps }) => ({ length, steps: steps.slice(0, 2) })));
  const body = loopsOver(loops, ['b0', 'b1'], ([x, y]) => `s = s + a0[${x}] * ${name}[${y}];`);
  return `${setup}\n${starts.join(' ')}\nlet s = 0;\n${body}\nreturn s;`;
}
