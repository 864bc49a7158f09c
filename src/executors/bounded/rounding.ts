/** @file Bounds the rounding error of single operations in a format: γ_n of Higham, underflow and overflow. */
import { type Format, isCoarser } from '../profiles/format.ts';
import { type Bounded, errorsOf, lengthsOf, settled } from './operands.ts';

/** Error bounds of single operations in a format. */
export interface Rounding {
  /** The relative error of one rounding in the implementation and one in the f64 reference, together. */
  readonly unit: number;
  /** The error of `count` roundings (γ_n of Higham) of a result of at most this size, and of its underflows. */
  error(size: number, count: number, underflows?: number): number;
  /**
   * The bound on a result `out`: the error propagated from its operands, and `count` roundings of the operation. A result that is
   * certainly a normal number did not underflow; if `out` is the size of a sum, its terms may. In another order of the factors, a
   * partial product may underflow, and the others multiply that by `amplified` at most.
   */
  withRounding(out: number, propagated: number, count: number, isSum?: boolean, amplified?: number): number;
  /** The bound unchanged, or ∞ if a number of that size may overflow within the bound. */
  within(size: number, bound: number): number;
}

/** How many terms of a sum underflow at most when it is multiplied term by term. More of them are rarely so small. */
const manyTerms = 4;

/** Makes the error bounds for a format. */
export function roundingOf({ u, tiny, normal, largest }: Format): Rounding {
  const unit = u + 2 ** -53;
  // Bounds are computed in double precision, from the f64 result instead of the exact one. This is a relative error of 2⁻⁵³ for
  // each summand. The margin covers 2³² summands.
  const margin = 1 + 2 ** -20;
  const within: Rounding['within'] = (size, bound) => {
    const e = bound * margin;
    return size + e <= largest ? e : Number.POSITIVE_INFINITY;
  };
  const error: Rounding['error'] = (size, count, underflows = count) => {
    if (count === 0) return 0;
    const relative = count * unit < 1 ? (count * unit) / (1 - count * unit) : Number.POSITIVE_INFINITY;
    return (size === 0 ? 0 : relative * size) + underflows * tiny;
  };
  return {
    unit,
    error,
    within,
    withRounding(out, propagated, count, isSum = false, amplified = 1) {
      const size = Math.abs(out);
      const e = propagated + error(size + propagated, count, 0);
      const mayUnderflow = count > 0 && (isSum || !(size - e >= normal * amplified));
      return within(size, mayUnderflow ? e + (isSum ? manyTerms : 1) * tiny * amplified : e);
    },
  };
}

/**
 * Makes the rule that rounds numbers to a format if it is coarser than `fine`, that of their computation. Exact numbers of the format
 * keep. A rounded number is no sum any more. Returns null if nothing is rounded.
 */
export function roundedTo(format: Format, fine: Format): ((of: Bounded) => Bounded) | null {
  if (!isCoarser(format, fine)) return null;
  const { withRounding } = roundingOf(format);
  return (of) => {
    const { x, e } = settled(of);
    const bounds = x.map((value, i) => {
      if (!Number.isFinite(value)) return e[i]!;
      return e[i] === 0 && format.round(value) === value ? 0 : withRounding(value, e[i]!, 1);
    });
    return { x, e: bounds, terms: null };
  };
}

/**
 * Makes the rule that rounds operands of products that an implementation may scale before, or multiply term by term and then add: each
 * of their terms is rounded. A product keeps its reach: as some of its factors may scale the other operand, which then underflows, the
 * rest of them multiply what that loses. A sum has no factors that could. Returns null if nothing is rounded.
 */
export function roundedByTerms(format: Format, fine: Format): ((of: Bounded) => Bounded) | null {
  if (!isCoarser(format, fine)) return null;
  const { withRounding } = roundingOf(format);
  return (of) => {
    const { x } = of;
    const [sizes, errors] = [of.terms?.sizes ?? x, errorsOf(of)];
    const bounds = x.map((value, i) => {
      if (!Number.isFinite(value)) return errors[i]!;
      return sizes[i] === 0 && errors[i] === 0 ? 0 : withRounding(sizes[i]!, errors[i]!, 1);
    });
    return { x, e: bounds, terms: null, reach: lengthsOf(of).count === 1 ? of.reach : undefined };
  };
}
