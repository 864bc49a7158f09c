/** @file Combines partial results. A kernel with a split sum (split-K) writes them as consecutive arrays. */
import type { Shape } from '../../../tensor/shape.ts';
import { applied, dense } from '../values/expression.ts';
import type { Expression, Read } from '../values/numbers.ts';
import { workOf } from '../values/work.ts';

/**
 * Combines `count` partial results by a lazy expression. `combine` writes the text that combines a total with one number.
 */
export function joinedParts(
  array: Read['array'],
  shape: Shape,
  count: number,
  combine: (total: string, x: string) => string,
): Expression {
  const { form } = dense(array, shape);
  const parts = Array.from(
    { length: count },
    (_, part): Expression => ({ is: 'read', shape, array, form: { ...form, start: (part * array.size) / count } }),
  );
  return parts.reduce((total, part) =>
    applied(([x, y], z) => `const ${z} = ${combine(x!, y!)};`, [total, part], shape, workOf.arithmetic),
  );
}
