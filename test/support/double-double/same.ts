/** @file Compares a program in double precision with itself in double-double. */
import { expect } from 'vitest';
import { vjp } from '../../../src/autograd/vjp.ts';
import { bounded, boundOf, float64 } from '../../../src/executors/bounded/index.ts';
import { read } from '../../../src/tensor/input.ts';
import { filledLike } from '../../../src/tensor/operand.ts';
import { leavesOf, mapTree, type Tree } from '../../../src/tensor/tree.ts';
import type { Executor, Value } from '../../../src/tensor/value.ts';
import { doubleDouble } from './executor.ts';

/** Returns the outputs of a program and the gradients of their sum. */
function bothWays<X extends Tree>(f: (xs: X) => Tree, xs: X): Value[] {
  const { value, pullback } = vjp(f, xs);
  return leavesOf([value, pullback(mapTree(value, (y) => filledLike(y, 1, y.shape)))]);
}

/**
 * Expects that a program and its gradients in f64 differ from double-double by at most their computed bounds, and that these bounds
 * are finite.
 */
export function expectSameInDoubleDouble<X extends Tree>(f: (xs: X) => Tree, inputsOn: (on: Executor) => X): void {
  const own = bothWays(f, inputsOn(bounded(float64) as Executor));
  const truth = bothWays(f, inputsOn(doubleDouble as Executor)).map(read);
  const wrong = own.flatMap((x, i) => {
    const [numbers, bounds] = [read(x), boundOf(x)];
    // rejects NaN and infinite bounds
    const isRight = (number: number, j: number): boolean =>
      Math.abs(number - truth[i]![j]!) <= bounds[j]! && bounds[j]! < Number.POSITIVE_INFINITY;
    return [...numbers].flatMap((number, j) =>
      isRight(number, j) ? [] : [`tensor ${i}, number ${j}: ${number}, not ${truth[i]![j]} ± ${bounds[j]}`],
    );
  });
  expect(wrong).toEqual([]);
}
