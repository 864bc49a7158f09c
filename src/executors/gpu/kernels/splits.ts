/** @file Results in parts: a kernel that is cut into several along what it sums writes one array of partial results after another. */
import type { Shape } from '../../../tensor/shape.ts';
import { applied, dense } from '../values/expression.ts';
import type { Expression, Read } from '../values/numbers.ts';

/** What `count` parts of a shape make together, computed by whoever reads it. `combine` is the text that takes one more number in. */
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
    applied(([x, y], z) => `const ${z} = ${combine(x!, y!)};`, [total, part], shape, 0.25),
  );
}
