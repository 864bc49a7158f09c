/** @file Repeats what a group of neighbouring heads shares, once for each of its heads. */
import { broadcast } from '../tensor/primitives/broadcast.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import type { Value } from '../tensor/value.ts';
import { checkGroups } from './check.ts';

/**
 * Repeats each group along an axis: with 2 groups for 6 heads, heads 0, 1, 2 get group 0. The gradient of a group is the sum of its
 * heads'. Throws unless the number of groups divides the number of heads; the message begins with `call` and `what`.
 */
export function repeatGroups(call: string, what: string, x: Value, heads: number, axis = 1): Value {
  const groups = x.shape[axis]!;
  checkGroups(call, what, groups, heads, 'heads');
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const repeated = broadcast(reshape(x, [...before, groups, 1, ...after]), [
    ...before,
    groups,
    heads / groups,
    ...after,
  ]);
  return reshape(repeated, [...before, heads, ...after]);
}
