/** @file The continuous state space model (Eqs. 3 and 4). */
import { reshape } from '../../tensor/primitives/reshape.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { leavesOf, mapTree } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import type { StateValue } from './form.ts';
import { formOf } from './inputs.ts';

/**
 * Eq. 3: `h'(t) = A h(t) + B x(t)` for states h [..., e, n] and inputs x [..., e]. A is [e, n] or [e, n, n], B is [e, n].
 * @example
 * read(stateDerivative({ a: tensor([[-2]]), b: tensor([[3]]) }, tensor([[5]]), tensor([1]))) // [-7]
 */
export function stateDerivative<S extends StateValue>({ a, b }: { a: S; b: S }, h: S, x: Value): S {
  const form = formOf('stateDerivative', 'a', a);
  const { shape } = leavesOf(h)[0]!;
  const rows = mapTree(h, (part) => reshape(part, [sizeOf(shape.slice(0, -2)), ...shape.slice(-2)]));
  const decayed = mapTree(form.act(a, rows), (part) => reshape(part, shape));
  return form.plus(decayed, form.drive(b, x));
}

/**
 * Eqs. 4 and 6: `y = C h`, or `2 Re C h` for conjugate pairs, for states h [..., e, n] and C [e, n].
 * @example
 * read(stateOutput(tensor([[1, 10]]), tensor([[3, 4]]))) // [43]
 */
export const stateOutput = <S extends StateValue>(c: S, h: S): Value => formOf('stateOutput', 'c', c).read(c, h);
