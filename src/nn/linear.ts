/** @file Linear map. */
import { checkValue } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { add } from '../tensor/primitives/add.ts';
import { einsum } from '../tensor/primitives/einsum.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { show, sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/**
 * `y_o = Σ_i W[o, i] x_i` over the last axis of `x` [..., i]. Weights are [o, i], as in PyTorch. Throws when i differs.
 * @example
 * read(linear(tensor([1, 2]), tensor([[3, 4], [5, 6]]))) // [11, 17]
 */
export function linear(x: Value, weight: Value): Value {
  checkValue('linear', 'x', x);
  checkValue('linear', 'the weight', weight);
  const [out, within] = weight.shape;
  if (weight.shape.length !== 2 || x.shape.at(-1) !== within) {
    fail(`linear: weight ${show(weight.shape)} is [out, in] and does not act on the last axis of ${show(x.shape)}`);
  }
  const leading = x.shape.slice(0, -1);
  const rows = reshape(x, [sizeOf(leading), within!]);
  return reshape(einsum('ni,oi->no', rows, weight), [...leading, out!]);
}

/**
 * `W x + bias` over the last axis, or `W x` without a bias. Throws as {@link linear} does.
 * @example
 * read(affine(tensor([1, 2]), tensor([[3, 4]]), tensor([5]))) // [16]
 */
export function affine(x: Value, weight: Value, bias: Value | undefined): Value {
  const y = linear(x, weight);
  return bias === undefined ? y : add(y, bias);
}
