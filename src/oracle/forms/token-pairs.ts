/** @file Tensors over pairs of tokens t and s. Their axes t and s replace the axis of time. */
import { constantLike } from '../../tensor/operand.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { select } from '../../tensor/primitives/select.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';

/** Repeats `x` for pairs of tokens: as row t, or as column s, of a matrix in place of the axis. The other axis has length 1. */
export function along(x: Value, axis: number, which: 't' | 's'): Value {
  const shape = [...x.shape];
  shape.splice(which === 't' ? axis + 1 : axis, 0, 1);
  return reshape(x, shape);
}

/** A mask [t, s, 1, …] that broadcasts against `pairs`: where s is before t, or where both are the same token. */
export function maskOf(pairs: Value, axis: number, which: 'before' | 'same'): Value {
  const t = pairs.shape[axis]!;
  const isSo = (i: number): boolean => (which === 'before' ? i % t < Math.floor(i / t) : i % (t + 1) === 0);
  const mask = Float64Array.from({ length: t * t }, (_, i) => (isSo(i) ? 1 : 0));
  return constantLike(pairs, mask, [t, t, ...pairs.shape.slice(axis + 2).map(() => 1)]);
}

/**
 * `e^x` where s is before t, 1 where s is t, else 0, for `x` [..., t, s, ...]. The mask comes before the exponential, because the
 * others might overflow.
 */
export function decaysBefore(x: Value, axis: number): Value {
  const before = maskOf(x, axis, 'before');
  return select(before, stored(exp(select(before, x, 0)), 'decay'), maskOf(x, axis, 'same'));
}
