/** @file Bounds the rounding errors of linear scans, sequential or parallel (associative), in any bracketing. */

import type { LinearScanParams } from '../../tensor/primitives/linear-scan.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { type Format, isCoarser } from '../profiles/format.ts';
import type { Profile } from '../profiles/profile.ts';
import { amplifiedBy, type Bounded, errorsOf, evaluate, type Lengths, lengthsOf, type Rule } from './operands.ts';
import { type Rounding, roundingOf } from './rounding.ts';

/** The quantities of one channel after a token, from which its bound follows. */
interface State {
  /** The size of the state, by which the error of a decay is multiplied, and the error propagated from the operands. */
  readonly h: number;
  readonly propagated: number;
  /** The sum of the absolute summands `|a_t … a_{s+1} b_s|`, errors included, and the number of summands that are not exactly 0. */
  readonly size: number;
  readonly summands: number;
  /** The number of multiplications in the oldest summand. */
  readonly products: number;
  /** The largest product of the last decays, over any number of decays; at least 1. */
  readonly growth: number;
  /** The largest intermediate result so far in any bracketing; at least 1. */
  readonly largest: number;
}

/**
 * Makes the rule for `h_t = a_t h_{t−1} + b_t`. The errors of the operands propagate through the recurrence in the same way in every
 * bracketing: `e_t = |a_t| e_{t−1} + e_a s_{t−1} + e_b`, where s is the sum of the absolute summands. Roundings are counted for each
 * summand, as for sums. So one bound covers every bracketing: token by token, a parallel scan of logarithmic depth, chunks, or `Σ_s
 * (a_t … a_{s+1}) b_s` summed in any order. A summand is rounded once for each of its decays and once for each addition; k summands
 * have k − 1 additions. A decay of exactly 0 removes the earlier summands, and one of exactly ±1 rounds nothing. The factors before
 * and after an underflow in a product of decays amplify its error. Where products of decays or states overflow, the bound is ∞ for
 * this token and all later ones, as 0 · ∞ is not 0. The bound does not cover decays computed as differences of logarithms or as
 * quotients of products: these lose more digits. States with a role in a coarser format may be stored in it after each token.
 */
export function linearScanRule({ at: formats }: Profile, rounding: Rounding): Rule {
  return (xs, primitive, params, shape) => {
    const { axis, reverse, role } = params as LinearScanParams;
    const format = role !== undefined && isCoarser(formats[role], formats.sum) ? formats[role] : null;
    const stored = format === null ? null : storing(format, rounding);
    const x = evaluate(xs, primitive, params, shape);
    const e = new Float64Array(x.length);
    const sizes = new Float64Array(x.length);
    const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
    const channels = length === 0 ? 0 : x.length / length;
    const [a, b, start] = xs.map(({ data }) => operandOf(data)) as [Operand, Operand, Operand];
    const isSum = a.isSum || b.isSum || start.isSum;
    const amplified = amplifiedBy(xs);
    let depth = 1;
    for (let channel = 0; channel < channels; channel++) {
      const first = Math.floor(channel / inner) * inner * length + (channel % inner);
      let state = startOf(start, channel, isSum);
      let storage = 0;
      for (let t = 0; t < length; t++) {
        const at = first + (reverse ? length - 1 - t : t) * inner;
        state = after(state, a, b, at, isSum ? null : Math.abs(x[at]!));
        e[at] = boundOf(state, amplified, rounding);
        if (stored !== null) {
          storage = stored(storage, grownAt(a, at), x[at]!, e[at]!);
          e[at]! += storage;
        }
        sizes[at] = state.size + e[at]!;
        if (state.summands > depth) depth = state.summands;
      }
    }
    return {
      x,
      e,
      terms:
        depth === 1 || stored !== null ? null : { sizes, errors: e, lengths: { count: 1 + b.lengths.count, depth } },
    };
  };
}

/**
 * Makes the error that storing the states in a format adds to a state: what it added to the state before, times the decay, and one more
 * rounding. `e` is the bound without it.
 */
const storing =
  (format: Format, { unit }: Rounding) =>
  (before: number, factor: number, x: number, e: number): number => {
    const infinite = Number.POSITIVE_INFINITY;
    if (before === infinite || e === infinite) return infinite;
    // the decay multiplies and the input is added to what was stored, each with a rounding
    const passed = factor * before * (1 + 4 * unit);
    if (passed + e === 0 && format.round(x) === x) return 0;
    const { within, error } = roundingOf(format);
    return within(Math.abs(x) + e, passed + error(Math.abs(x) + e + passed, 1));
  };

/** An operand: the size of each number without its error (of a sum: with it), the error, and the lengths of the sums. */
interface Operand {
  readonly sizes: Float64Array;
  readonly errors: Float64Array;
  readonly isSum: boolean;
  readonly lengths: Lengths;
}

const operandOf = (of: Bounded): Operand => ({
  sizes: of.terms?.sizes ?? of.x.map(Math.abs),
  errors: errorsOf(of),
  isSum: of.terms !== null,
  lengths: lengthsOf(of),
});

const isZero = (size: number, e: number): boolean => size === 0 && e === 0;

/** The size of a factor or summand with its error. */
const grownAt = ({ sizes, errors, isSum }: Operand, at: number): number =>
  isSum ? sizes[at]! : sizes[at]! + errors[at]!;

function startOf(start: Operand, channel: number, isSum: boolean): State {
  const [h, propagated] = [start.sizes[channel]!, start.errors[channel]!];
  const size = grownAt(start, channel);
  const summands = isZero(h, propagated) ? 0 : start.lengths.depth;
  return {
    h: isSum ? size : h + propagated,
    propagated,
    size,
    summands,
    products: 0,
    growth: 1,
    largest: Math.max(1, size),
  };
}

/** The state after a token. `h` is the size of the number; null if it counts as all its terms. */
function after(before: State, as: Operand, bs: Operand, at: number, h: number | null): State {
  const [a, ea] = [as.sizes[at]!, as.errors[at]!];
  const [b, eb] = [bs.sizes[at]!, bs.errors[at]!];
  const factor = grownAt(as, at);
  const size = factor * before.size + grownAt(bs, at);
  const growth = Math.max(1, factor * before.growth);
  const earlier = isZero(a, ea) ? 0 : before.summands;
  const rounds = earlier > 0 && !(a === 1 && ea === 0);
  const propagated = a * before.propagated + ea * before.h + eb;
  return {
    h: h === null ? size : h + propagated,
    propagated,
    size,
    summands: earlier + (isZero(b, eb) ? 0 : bs.lengths.count),
    products: earlier === 0 ? 0 : before.products + (rounds ? 1 : 0),
    growth,
    largest: Math.max(before.largest, size, growth),
  };
}

function boundOf(
  { propagated, size, summands, products, growth, largest }: State,
  amplified: number,
  { error, within }: Rounding,
): number {
  const roundings = summands === 0 ? 0 : summands - 1 + products;
  // each product in a summand may underflow; the decays after it and its other factor amplify the error
  const underflows = roundings === 0 ? 0 : 2 * summands * (products + 1) * growth * largest * amplified;
  return within(largest, propagated + error(size, roundings, underflows));
}
