/** @file Parallel scans of an associative operation, in logarithmic depth. */
import { fail } from '../../tensor/errors.ts';
import { at, stack } from '../../tensor/ops.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { axisOf } from '../../tensor/shape.ts';
import { joinTrees, leavesOf, mapTree, type Tree } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';

/** Associative operation, element by element along the time axis: `(x ∘ y) ∘ z = x ∘ (y ∘ z)`. `left` is the earlier element. */
export type Combine<T extends Tree> = (left: T, right: T) => T;

/**
 * Computes the inclusive scan `e_0 ∘ e_1 ∘ … ∘ e_t` for t = 0 … T − 1, in 2 log₂ T rounds and about 2 T combinations. It combines
 * neighbours, scans the sequence of half the length, and fills in the elements between. Elements are trees of values that share a
 * time axis; where ranks differ, it is counted from the end. `combine` keeps every value's shape. Returns an empty sequence
 * unchanged. Throws where lengths differ along the axis.
 * @example
 * read(associativeScan(add, tensor([1, 2, 3, 4, 5]), 0)) // [1, 3, 6, 10, 15]
 */
export function associativeScan<T extends Tree>(combine: Combine<T>, elements: T, axis: number): T {
  const length = lengthAlong(elements, axis);
  if (length < 2) return elements;
  const half = Math.floor(length / 2);
  const [even, odd] = [everySecond(elements, axis, 0), everySecond(elements, axis, 1)];
  const upToOdd = associativeScan(combine, combine(first(even, axis, half), odd), axis);
  const rest = length - 1 - half;
  const start = first(even, axis, 1);
  const later = rest === 0 ? null : combine(first(upToOdd, axis, rest), part(even, axis, 1, rest + 1));
  const upToEven = later === null ? start : joined(start, later, axis);
  return interleaved(upToEven, upToOdd, axis);
}

function lengthAlong(elements: Tree, axis: number): number {
  const lengths = leavesOf(elements).map(({ shape }) => shape[axisOf('associativeScan', axis, shape)]!);
  const [length] = lengths;
  if (length === undefined) return fail('associativeScan: the elements hold no values; there is nothing to scan');
  const other = lengths.find((one) => one !== length);
  if (other !== undefined) {
    fail(`associativeScan: axis ${axis} is ${length} in one value and ${other} in another; elements share it`);
  }
  return length;
}

const part = <T extends Tree>(elements: T, axis: number, start: number, stop: number): T =>
  mapTree(elements, (x) => slice(x, axis, start, stop));

const first = <T extends Tree>(elements: T, axis: number, count: number): T => part(elements, axis, 0, count);

const joined = <T extends Tree>(left: T, right: T, axis: number): T =>
  joinTrees([left, right], (xs) => concat(xs, axisOf('associativeScan', axis, xs[0]!.shape)));

/** Takes elements 0, 2, 4, … or 1, 3, 5, … by a reshape to pairs. A last element without a partner counts as even. */
const everySecond = <T extends Tree>(elements: T, axis: number, which: 0 | 1): T =>
  mapTree(elements, (x) => {
    const along = axisOf('associativeScan', axis, x.shape);
    const [before, length, after] = [x.shape.slice(0, along), x.shape[along]!, x.shape.slice(along + 1)];
    const half = Math.floor(length / 2);
    const pairs = reshape(slice(x, along, 0, 2 * half), [...before, half, 2, ...after]);
    const taken = at(pairs, along + 1, which);
    return which === 1 || length % 2 === 0 ? taken : concat([taken, slice(x, along, length - 1, length)], along);
  });

/** Interleaves the even and the odd elements. There are as many even ones, or one more. */
const interleaved = <T extends Tree>(even: T, odd: T, axis: number): T =>
  joinTrees([even, odd], (xs) => {
    const [x, y] = xs as [Value, Value];
    const along = axisOf('associativeScan', axis, x.shape);
    const [half, more] = [y.shape[along]!, x.shape[along]!];
    const pairs = stack([slice(x, along, 0, half), y], along + 1);
    const shape = [...y.shape];
    shape[along] = 2 * half;
    const turned = reshape(pairs, shape);
    return more === half ? turned : concat([turned, slice(x, along, half, more)], along);
  });
