/** @file Bounds of linear scans, computed in any association. */
import type { LinearScanParams } from '../../tensor/primitives/linear-scan.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { type Bounded, evaluate, type Operands, type Rule } from './operands.ts';
import type { Rounding } from './rounding.ts';

/** What is known of one channel after a token. */
interface State {
  /** The f64 number, and how far the operands' errors can move it. */
  readonly h: number;
  readonly moved: number;
  /** The sum of the sizes of the summands `a_t … a_{s+1} b_s`, errors included; how many of them are not exactly 0. */
  readonly size: number;
  readonly summands: number;
  /** How many multiplications the oldest summand has been through. */
  readonly products: number;
  /** The largest product of the last decays, however many, or 1. */
  readonly growth: number;
  /** The largest number so far that any association can have as an intermediate result, or 1. */
  readonly largest: number;
}

/**
 * The rule for `h_t = a_t h_{t−1} + b_t`. The errors of the operands run through the recurrence itself:
 * `e_t = |a_t| e_{t−1} + e_a (|h_{t−1}| + e_{t−1}) + e_b`, which no association changes. Roundings are counted as for sums, so that
 * every association has its bound: token by token, in log-step rounds, in chunks, or as `Σ_s (a_t … a_{s+1}) b_s` summed in any
 * order. Each summand goes through one rounding for each decay in it and for each addition, of which there is one fewer than
 * summands: after an exact a = 0 the earlier ones are gone, and an exact ±1 rounds nothing. What underflows in a product of
 * decays counts as much as those before and after it make of it. Where products of decays or states leave the format, nothing
 * is promised, also of later tokens: 0 · ∞ is not 0. Not covered: decays as differences of logarithms or as quotients of
 * products, which lose more.
 */
export function linearScanRule(rounding: Rounding): Rule {
  return (xs, primitive, params, shape) => {
    const { axis, reverse } = params as LinearScanParams;
    const x = evaluate(xs, primitive, params, shape);
    const e = new Float64Array(x.length);
    const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
    const channels = length === 0 ? 0 : x.length / length;
    for (let channel = 0; channel < channels; channel++) {
      const start = Math.floor(channel / inner) * inner * length + (channel % inner);
      let state = startOf(xs[2]!.data, channel);
      for (let t = 0; t < length; t++) {
        const at = start + (reverse ? length - 1 - t : t) * inner;
        state = after(state, xs, at, x[at]!);
        e[at] = boundOf(state, rounding);
      }
    }
    return { x, e };
  };
}

const isZero = (x: number, e: number): boolean => x === 0 && e === 0;

function startOf({ x, e }: Bounded, channel: number): State {
  const [h, moved] = [x[channel]!, e[channel]!];
  const size = Math.abs(h) + moved;
  return { h, moved, size, summands: isZero(h, moved) ? 0 : 1, products: 0, growth: 1, largest: Math.max(1, size) };
}

function after(before: State, [as, bs]: Operands, at: number, h: number): State {
  const [a, ea] = [as!.data.x[at]!, as!.data.e[at]!];
  const [b, eb] = [bs!.data.x[at]!, bs!.data.e[at]!];
  const factor = Math.abs(a) + ea;
  const size = factor * before.size + Math.abs(b) + eb;
  const growth = Math.max(1, factor * before.growth);
  const earlier = isZero(a, ea) ? 0 : before.summands;
  const rounds = earlier > 0 && !(Math.abs(a) === 1 && ea === 0);
  return {
    h,
    moved: Math.abs(a) * before.moved + ea * (Math.abs(before.h) + before.moved) + eb,
    size,
    summands: earlier + (isZero(b, eb) ? 0 : 1),
    products: earlier === 0 ? 0 : before.products + (rounds ? 1 : 0),
    growth,
    largest: Math.max(before.largest, size, growth),
  };
}

function boundOf({ moved, size, summands, products, growth, largest }: State, { error, within }: Rounding): number {
  const roundings = summands === 0 ? 0 : summands - 1 + products;
  // in any product of any summand; it grows by the decays that follow it, and by the number that its product multiplies
  const underflows = roundings === 0 ? 0 : 2 * summands * (products + 1) * growth * largest;
  return within(largest, moved + error(size, roundings, underflows));
}
