/** @file Trees of values: paths, mapping, and the order of leaves. */
import { describe, expect, it } from 'vitest';
import { scalar } from '../../src/executors/f64/index.ts';
import { item } from '../../src/tensor/input.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { leavesOf, mapTree, namedLeavesOf, withLeaves } from '../../src/tensor/tree.ts';

const tree = { b: [scalar(1), { c: scalar(2) }], a: scalar(3), absent: undefined, empty: [] };

describe('trees', () => {
  it('name their values by path, in field order', () => {
    expect(namedLeavesOf(tree).map(([path, x]) => [path, item(x)])).toEqual([
      ['b.0', 1],
      ['b.1.c', 2],
      ['a', 3],
    ]);
    expect(namedLeavesOf(scalar(5)).map(([path]) => path)).toEqual(['']);
  });

  it('keep their structure under a map, and are not mutated', () => {
    const doubled = mapTree(tree, (x) => scale(x, 2));
    expect(leavesOf(doubled).map(item)).toEqual([2, 4, 6]);
    expect(leavesOf(tree).map(item)).toEqual([1, 2, 3]);
    expect(Object.keys(doubled)).toEqual(Object.keys(tree));
    expect(doubled.empty).toEqual([]);
    expect(doubled).toHaveProperty('absent', undefined);
  });

  it('are rebuilt from a list of values in the order of their leaves', () => {
    expect(withLeaves(tree, leavesOf(tree))).toEqual(tree);
    const { a, b } = withLeaves(tree, [scalar(7), scalar(8), scalar(9)]);
    expect([item(a), item(b[0] as typeof a)]).toEqual([9, 7]);
  });
});
