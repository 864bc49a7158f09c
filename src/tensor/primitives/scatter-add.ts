/** @file Primitive `scatterAdd`: adds rows into a table of zeros by index */
import { apply } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { sameShape, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { checkBatchAxes, gather } from './gather.ts';

/** Number of rows of the table, and number of leading (batch) axes that the table and the index share. */
export type ScatterAddParams = { readonly rows: number; readonly batchAxes: number };

export const scatterAddPrimitive: Primitive<ScatterAddParams> = {
  name: 'scatterAdd',
  kinds: ['real', 'index'],
  shape([x, index], { rows, batchAxes }) {
    checkBatchAxes('scatterAdd', batchAxes);
    const { length } = index!.shape;
    if (!Number.isInteger(rows) || rows < 0) fail(`scatterAdd: ${rows} rows; a row count is an integer ≥ 0`);
    if (length < batchAxes) {
      fail(`scatterAdd: index ${show(index!.shape)} has no ${batchAxes} leading axes to share; lower batchAxes`);
    }
    if (!sameShape(x!.shape.slice(0, length), index!.shape)) {
      fail(
        `scatterAdd: values ${show(x!.shape)} do not begin with the index shape ${show(index!.shape)}; one row per index`,
      );
    }
    return [...index!.shape.slice(0, batchAxes), rows, ...x!.shape.slice(length)];
  },
  vjp: (ct, _out, [, index], { batchAxes }) => [gather(ct, index!, batchAxes), null],
};

/**
 * The adjoint of gather: adds the rows of `x` [B…, I…, R…] into zeros [B…, rows, R…] at `index` [B…, I…] (kind index).
 * @example
 * read(scatterAdd(tensor([1, 2, 3]), indices([2, 0, 2]), 3)) // [2, 0, 4]
 */
export function scatterAdd(x: Value, index: Value, rows: number, batchAxes = 0): Value {
  return apply(scatterAddPrimitive, [x, index], { rows, batchAxes });
}
