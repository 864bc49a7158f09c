/** @file Primitive `gather`: reads rows of a table by index */
import { apply } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { sameShape, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { scatterAdd } from './scatter-add.ts';

/** Number of leading (batch) axes that the table and the index share. */
export type GatherParams = { readonly batchAxes: number };

export const gatherPrimitive: Primitive<GatherParams> = {
  name: 'gather',
  kinds: ['real', 'index'],
  shape([table, index], { batchAxes }) {
    checkBatchAxes('gather', batchAxes);
    const shared = table!.shape.slice(0, batchAxes);
    if (table!.shape.length <= batchAxes || !sameShape(shared, index!.shape.slice(0, batchAxes))) {
      fail(
        `gather: table ${show(table!.shape)} and index ${show(index!.shape)} must share ${batchAxes} leading axes, and the table have its rows next`,
      );
    }
    return [...index!.shape, ...table!.shape.slice(batchAxes + 1)];
  },
  vjp: (ct, _out, [table, index], { batchAxes }) => [scatterAdd(ct, index!, table!.shape[batchAxes]!, batchAxes), null],
};

/** Throws unless the number of shared leading axes is an integer ≥ 0. */
export function checkBatchAxes(call: string, batchAxes: number): void {
  if (!Number.isInteger(batchAxes) || batchAxes < 0) {
    fail(`${call}: ${batchAxes} shared leading axes; their number is an integer ≥ 0`);
  }
}

/**
 * Reads rows of `table` [B…, rows, R…] by `index` [B…, I…] (kind index): `out[B…, I…, R…] = table[B…, index[B…, I…], R…]`.
 * Throws on an index outside the rows.
 * @example
 * read(gather(tensor([5, 6, 7]), indices([2, 0]))) // [7, 5]
 */
export function gather(table: Value, index: Value, batchAxes = 0): Value {
  return apply(gatherPrimitive, [table, index], { batchAxes });
}
