/** @file Bounds the rounding errors of linear scans, sequential or parallel (associative), in any bracketing. */

import type { LinearScanParams } from '../../tensor/primitives/linear-scan.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { zeros } from '../f64/allocate.ts';
import { type Format, isCoarser } from '../profiles/format.ts';
import type { Profile } from '../profiles/profile.ts';
import { absolute, type Bounded, errorsOf, evaluate, type Lengths, lengthsOf, type Rule } from './operands.ts';
import { type Amplified, amplifiedAt, amplifiedIn, isOfEach } from './reach.ts';
import { type Rounding, roundingOf } from './rounding.ts';

/** The quantities of neighbouring channels after a token, from which their bounds follow. */
interface States {
  /** The size of the state, by which the error of a decay is multiplied, and the error propagated from the operands. */
  readonly h: Float64Array;
  readonly propagated: Float64Array;
  /** The sum of the absolute summands `|a_t … a_{s+1} b_s|`, errors included, and the number of summands that are not exactly 0. */
  readonly size: Float64Array;
  readonly summands: Float64Array;
  /** The number of multiplications in the oldest summand. */
  readonly products: Float64Array;
  /** The largest product of the last decays, over any number of decays; at least 1. */
  readonly growth: Float64Array;
  /** The largest intermediate result so far in any bracketing; at least 1. */
  readonly largest: Float64Array;
  /** The error of storing the states in a coarser format. */
  readonly storage: Float64Array;
  /** What multiplies the loss of an underflow in a summand, apart from decays. */
  readonly amplified: Float64Array;
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
export function linearScanRule(profile: Profile, rounding: Rounding): Rule {
  const formats = profile.at;
  return (xs, primitive, params, shape) => {
    const { axis, reverse, role } = params as LinearScanParams;
    const format = role !== undefined && isCoarser(formats[role], formats.sum) ? formats[role] : null;
    const stored = format === null ? null : storing(format, rounding);
    const x = evaluate(xs, primitive, params, shape);
    const e = zeros(x.length);
    const sizes = zeros(x.length);
    const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
    const channels = length === 0 ? 0 : x.length / length;
    const [a, b, start] = xs.map(({ data }) => operandOf(data)) as [Operand, Operand, Operand];
    const numbers = [a, b, start].map(({ amplified }) => amplified);
    const ofAll = isOfEach(profile) ? null : numbers.reduce<number>((product, one) => product * (one as number), 1);
    const isSum = a.isSum || b.isSum || start.isSum;
    const most = isSum ? null : x;
    let depth = 1;
    for (let channel = 0; channel < channels; channel += inner) {
      const states = startOf(start, channel, inner, isSum);
      for (let t = 0; t < length; t++) {
        const at = channel * length + (reverse ? length - 1 - t : t) * inner;
        advance(states, a, b, at, most);
        for (let i = 0; i < inner; i++) {
          let error = boundOf(states, i, ofAll, rounding);
          if (stored !== null) {
            const storage = stored(states.storage[i]!, grownAt(a, at + i), x[at + i]!, error);
            states.storage[i] = storage;
            error += storage;
          }
          e[at + i] = error;
          sizes[at + i] = states.size[i]! + error;
          if (states.summands[i]! > depth) depth = states.summands[i]!;
        }
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
  readonly amplified: Amplified;
}

const operandOf = (of: Bounded): Operand => ({
  sizes: of.terms?.sizes ?? absolute(of.x),
  errors: errorsOf(of),
  isSum: of.terms !== null,
  lengths: lengthsOf(of),
  amplified: amplifiedIn(of),
});

const isZero = (size: number, e: number): boolean => size === 0 && e === 0;

/** The size of a factor or summand with its error. */
const grownAt = ({ sizes, errors, isSum }: Operand, at: number): number =>
  isSum ? sizes[at]! : sizes[at]! + errors[at]!;

/** The states of `count` neighbouring channels before the first token. */
function startOf(start: Operand, channel: number, count: number, isSum: boolean): States {
  const states: States = {
    h: zeros(count),
    propagated: zeros(count),
    size: zeros(count),
    summands: zeros(count),
    products: zeros(count),
    growth: zeros(count).fill(1),
    largest: zeros(count),
    storage: zeros(count),
    amplified: zeros(count),
  };
  for (let i = 0; i < count; i++) {
    const h = start.sizes[channel + i]!;
    const propagated = start.errors[channel + i]!;
    const size = grownAt(start, channel + i);
    states.h[i] = isSum ? size : h + propagated;
    states.propagated[i] = propagated;
    states.size[i] = size;
    states.summands[i] = isZero(h, propagated) ? 0 : start.lengths.depth;
    states.largest[i] = Math.max(1, size);
    states.amplified[i] = amplifiedAt(start.amplified, channel + i);
  }
  return states;
}

/** Changes the states into those after a token, whose numbers begin at `first`. `x` are the states; null if they count as all their terms. */
function advance(
  { h, propagated, size, summands, products, growth, largest, amplified }: States,
  as: Operand,
  bs: Operand,
  first: number,
  x: Float64Array | null,
): void {
  for (let i = 0; i < h.length; i++) {
    const at = first + i;
    const a = as.sizes[at]!;
    const ea = as.errors[at]!;
    const b = bs.sizes[at]!;
    const eb = bs.errors[at]!;
    const factor = as.isSum ? a : a + ea;
    const earlier = isZero(a, ea) ? 0 : summands[i]!;
    const rounds = earlier > 0 && !(a === 1 && ea === 0);
    propagated[i] = a * propagated[i]! + ea * h[i]! + eb;
    size[i] = factor * size[i]! + (bs.isSum ? b : b + eb);
    growth[i] = Math.max(1, factor * growth[i]!);
    amplified[i] = Math.max(amplifiedAt(as.amplified, at) * amplified[i]!, amplifiedAt(bs.amplified, at));
    summands[i] = earlier + (isZero(b, eb) ? 0 : bs.lengths.count);
    products[i] = earlier === 0 ? 0 : products[i]! + (rounds ? 1 : 0);
    largest[i] = Math.max(largest[i]!, size[i]!, growth[i]!);
    h[i] = x === null ? size[i]! : Math.abs(x[at]!) + propagated[i]!;
  }
}

/** The bound on the state of a channel. */
function boundOf(
  { propagated, size, summands, products, growth, largest, amplified }: States,
  i: number,
  ofAll: number | null,
  { error, within }: Rounding,
): number {
  const roundings = summands[i] === 0 ? 0 : summands[i]! - 1 + products[i]!;
  // each product in a summand may underflow; the decays after it and its other factor amplify the error
  const losses = roundings === 0 ? 0 : 2 * summands[i]! * (products[i]! + 1) * growth[i]!;
  const underflows = losses * (ofAll === null ? amplified[i]! : largest[i]! * ofAll);
  return within(largest[i]!, propagated[i]! + error(size[i]!, roundings, underflows));
}
