/** @file Rows of tables by index. Indices are in range: that is checked before a call. */
import { sizeOf } from '../../../tensor/shape.ts';
import { fill, isNothing } from '../numbers.ts';
import { divide } from './places.ts';
import type { Rules } from './rule.ts';

export const rows = {
  gather(launch, [table, index], { batchAxes }, shape) {
    // a table without rows: any index is out of range, and no call gets here
    if (isNothing(table!.numbers)) return sizeOf(shape) === 0 ? { is: 'nothing' } : fill(0);
    const width = sizeOf(table!.shape.slice(batchAxes + 1));
    const perBatch = sizeOf(index!.shape.slice(batchAxes));
    return launch(sizeOf(shape), [table!.numbers, index!.numbers], (x, at) =>
      [
        divide('i', width, 'k', 'c'),
        divide('k', perBatch, 'b', 'u'),
        `return ${x!(`(b * ${table!.shape[batchAxes]!} + ${at!('k')}) * ${width} + c`)};`,
      ].join('\n'),
    );
  },
  // each row of the table looks for the indices that name it: the sum has one order, whatever threads do
  scatterAdd(launch, [x, index], { rows: count, batchAxes }, shape) {
    if (isNothing(x!.numbers)) return sizeOf(shape) === 0 ? { is: 'nothing' } : fill(0);
    const width = sizeOf(shape.slice(batchAxes + 1));
    const perBatch = sizeOf(index!.shape.slice(batchAxes));
    return launch(sizeOf(shape), [x!.numbers, index!.numbers], (values, at) =>
      [
        divide('i', width, 'k', 'c'),
        divide('k', count, 'b', 'r'),
        `const start = b * ${perBatch};`,
        'let s = 0;',
        `for (let j = 0; j < ${perBatch}; j++) {`,
        `if (${at!('start + j')} === r) { s = s + ${values!(`(start + j) * ${width} + c`)}; }`,
        '}',
        'return s;',
      ].join('\n'),
    );
  },
} satisfies Partial<Rules>;
