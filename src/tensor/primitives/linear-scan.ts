/** @file Primitive `linearScan`: `h_t = a_t ⊙ h_{t−1} + b_t` along one axis */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import { zerosLike } from '../operand.ts';
import type { Primitive } from '../primitive.ts';
import { axisOf, sameShape, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { concat } from './concat.ts';
import { mul } from './mul.ts';
import { pad } from './pad.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import type { Role } from './stored.ts';

/**
 * The axis of time (counted from the front), and whether the scan runs from the last token to the first. `role`: an implementation may
 * store each state in the format of this role, and continue from what it stored.
 */
export type LinearScanParams = {
  readonly axis: number;
  readonly reverse: boolean;
  readonly role?: Exclude<Role, 'value'> | undefined;
};

export const linearScanPrimitive: Primitive<LinearScanParams> = {
  name: 'linearScan',
  shape([a, b, h0], { axis }) {
    const [decays, inputs, start] = [a!.shape, b!.shape, h0!.shape];
    if (!sameShape(decays, inputs)) {
      fail(`linearScan: a has shape ${show(decays)}, b has ${show(inputs)}; broadcast one first`);
    }
    const state = inputs.filter((_, i) => i !== axis);
    if (!sameShape(start, state)) {
      fail(`linearScan: h0 has shape ${show(start)}, not ${show(state)}, which is that of b without axis ${axis}`);
    }
    return inputs;
  },
  // a scan in the other direction, λ_t = ct_t + a_{t+1} λ_{t+1}; da_t = λ_t h_{t−1}, db = λ, dh0 = a_1 λ_1
  vjp(ct, out, [a, b, h0], { axis, reverse, role }, needs) {
    const length = b!.shape[axis]!;
    if (length === 0) return [zerosLike(a!), ct, zerosLike(h0!)];
    const part = (x: Value, start: number, stop: number): Value =>
      reverse ? slice(x, axis, length - stop, length - start) : slice(x, axis, start, stop);
    const next = pad(part(a!, 1, length), axis, reverse ? 1 : 0, reverse ? 0 : 1);
    const λ = linearScan(next, ct, zerosLike(h0!), axis, { reverse: !reverse, role });
    const first = (x: Value): Value => reshape(part(x, 0, 1), h0!.shape);
    const before = (): Value => {
      const row = b!.shape.map((n, i) => (i === axis ? 1 : n));
      const states = [reshape(h0!, row), part(out, 0, length - 1)];
      return concat(reverse ? states.reverse() : states, axis);
    };
    return [needs[0] ? mul(λ, before()) : null, λ, needs[2] ? mul(first(a!), first(λ)) : null];
  },
};

/**
 * Linear scan along an axis: `h_t = a_t ⊙ h_{t−1} + b_t` for every token t, from the state `h0` before the first token. With
 * `reverse`, `h_t = a_t ⊙ h_{t+1} + b_t` from the state `h0` after the last token. `a`, `b` and the result have the same shape; that of
 * `h0` lacks the axis. `role` marks the states as `stored` does. Throws on other shapes.
 * @example
 * read(linearScan(tensor([2, 2]), tensor([1, 1]), tensor(5), 0)) // [11, 23]
 */
export function linearScan(
  a: Value,
  b: Value,
  h0: Value,
  axis: number,
  { reverse = false, role }: Partial<Omit<LinearScanParams, 'axis'>> = {},
): Value {
  checkValue('linearScan', 'operand 1', b);
  return apply(linearScanPrimitive, [a, b, h0], { axis: axisOf('linearScan', axis, b.shape), reverse, role });
}
