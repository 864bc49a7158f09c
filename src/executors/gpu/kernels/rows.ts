/** @file Kernel rules of gather and scatterAdd. They assume that indices are in range, which each call checks beforehand. */
import { sizeOf } from '../../../tensor/shape.ts';
import type { Workgroup } from '../text/kernel.ts';
import { divide } from '../text/places.ts';
import { mostWorkgroups } from '../text/target.ts';
import { dense } from '../values/expression.ts';
import { fill, isNothing } from '../values/numbers.ts';
import { without1 } from '../values/views.ts';
import type { Rules } from './rule.ts';

const threads = 128;

/** Fewest indices for which a workgroup shares the search. */
const fewestSearched = 32;

/**
 * Writes a scatter-add with one workgroup for each row of the result and each block of its columns. The workgroup scans the indices
 * a block at a time, and marks those that name its row. It adds their rows in order, so that the sum is deterministic. Undefined if
 * this needs more workgroups than a kernel may have.
 */
function searching(batches: number, rows: number, perBatch: number, width: number): Workgroup | undefined {
  const blocks = Math.ceil(width / threads);
  if (Math.max(blocks, rows, batches) > mostWorkgroups) return undefined;
  const wgsl = [
    `var<workgroup> marks : array<atomic<u32>, ${threads / 32}>;`,
    `@compute @workgroup_size(${threads})`,
    'fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) local : u32) {',
    `let row = group.y; let batch = group.z; let column = group.x * ${threads}u + local;`,
    'var total = 0.0;',
    `for (var first = 0u; first < ${perBatch}u; first += ${threads}u) {`,
    `if (local < ${threads / 32}u) { atomicStore(&marks[local], 0u); }`,
    'workgroupBarrier();',
    `let mine = first + local;`,
    `if (mine < ${perBatch}u) { if (u32(user_a1[batch * ${perBatch}u + mine]) == row) { atomicOr(&marks[local / 32u], 1u << (local % 32u)); } }`,
    'workgroupBarrier();',
    `if (column < ${width}u) { for (var w = 0u; w < ${threads / 32}u; w++) {`,
    'var left = atomicLoad(&marks[w]);',
    'while (left != 0u) {',
    `let at = batch * ${perBatch}u + first + w * 32u + countTrailingZeros(left);`,
    `total += user_a0[at * ${width}u + column]; left &= left - 1u;`,
    '} } }',
    'workgroupBarrier();',
    '}',
    `if (column < ${width}u) { result[(batch * ${rows}u + row) * ${width}u + column] = total; }`,
    '}',
  ].join('\n');
  return { wgsl, groups: [blocks, rows, batches] };
}

export const rows = {
  gather(fuser, [table, index], { batchAxes }, shape) {
    // a table without rows: the check before a call rejects every index
    if (isNothing(table!.numbers)) return fill(0);
    const width = sizeOf(table!.shape.slice(batchAxes + 1));
    const perBatch = sizeOf(index!.shape.slice(batchAxes));
    const operands = [table!, index!].map((x) => fuser.materialise(x.numbers, sizeOf(x.shape)));
    const body = [
      divide('i', width, 'k', 'c'),
      divide('k', perBatch, 'b', 'u'),
      `return a0[(b * ${table!.shape[batchAxes]!} + a1[k]) * ${width} + c];`,
    ].join('\n');
    return dense(fuser.launch(sizeOf(shape), operands, body), without1(shape));
  },
  // each row of the result searches for the indices that name it: without atomic additions, the sum is deterministic
  scatterAdd(fuser, [x, index], { rows: count, batchAxes }, shape) {
    if (isNothing(x!.numbers)) return fill(0);
    const width = sizeOf(shape.slice(batchAxes + 1));
    const perBatch = sizeOf(index!.shape.slice(batchAxes));
    const batches = sizeOf(shape.slice(0, batchAxes));
    const operands = [x!, index!].map(({ numbers, shape: own }) => fuser.materialise(numbers, sizeOf(own)));
    const body = [
      divide('i', width, 'k', 'c'),
      divide('k', count, 'b', 'r'),
      `const start = b * ${perBatch};`,
      'let s = 0;',
      `for (let j = 0; j < ${perBatch}; j++) {`,
      `if (a1[start + j] === r) { s = s + a0[(start + j) * ${width} + c]; }`,
      '}',
      'return s;',
    ].join('\n');
    const isLong = fuser.target.workgroups && perBatch >= fewestSearched;
    const workgroup = isLong ? searching(batches, count, perBatch, width) : undefined;
    const routine = { is: 'scatter', batches, rows: count, perBatch, width } as const;
    return dense(fuser.launch(sizeOf(shape), operands, body, workgroup, routine), without1(shape));
  },
} satisfies Partial<Rules>;
