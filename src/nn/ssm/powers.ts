/** @file Computes powers of a decay by doubling. It uses products alone, so it is exact for a decay of ½ and has a gradient at 0. */
import { concat } from '../../tensor/primitives/concat.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { joinTrees, leavesOf, mapTree } from '../../tensor/tree.ts';
import type { Form, StateValue } from './form.ts';

/** Slices entries start … stop − 1 along the first axis. */
export const rows = <S extends StateValue>(x: S, start: number, stop: number): S =>
  mapTree(x, (part) => slice(part, 0, start, stop));

/** A formula for powers of Ā. */
export type Powers = <S extends StateValue>(form: Form<S>, a: S, count: number, order: 'rising' | 'falling') => S;

/**
 * Powers `Ā⁰, Ā¹, …, Ā^{count − 1}` along a new first axis, in reverse with `falling`; a [e, n] or [e, n, n]. Takes about log₂
 * count steps.
 */
export function powersOf<S extends StateValue>(form: Form<S>, a: S, count: number, order: 'rising' | 'falling'): S {
  let known = form.identity(a);
  // Ā^k, where k is the number of known powers
  let next = a;
  for (let k = 1; k < count; k *= 2) {
    const more = form.multiply(known, next);
    known = joinTrees(order === 'rising' ? [known, more] : [more, known], (xs) => concat(xs, 0));
    if (2 * k < count) next = squared(form, next);
  }
  const made = leavesOf(known)[0]!.shape[0]!;
  const first = order === 'rising' ? 0 : made - count;
  return mapTree(rows(known, first, first + count), (x) => stored(x, 'decay'));
}

function squared<S extends StateValue>(form: Form<S>, a: S): S {
  const shape = leavesOf(a)[0]!.shape;
  const one = mapTree(a, (x) => reshape(x, [1, ...shape]));
  return mapTree(form.multiply(one, a), (x) => reshape(x, shape));
}
