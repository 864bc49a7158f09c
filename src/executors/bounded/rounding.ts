/** @file The rounding error of single operations in a precision: γ_n of Higham, underflow and overflow. */
import type { Precision } from './precision.ts';

/** Error bounds of single operations in a precision. */
export interface Rounding {
  /** One rounding of the implementation and one of the f64 reference, relative to the result. */
  readonly unit: number;
  /** The error of `count` roundings of a result of at most this size, γ_n of Higham, and of its underflows. */
  error(size: number, count: number, underflows?: number): number;
  /** The bound on a result `out`: the error propagated from its operands, with `count` roundings of its own added. */
  withRounding(out: number, propagated: number, count: number): number;
  /** The bound itself, or ∞ where a number of that size may overflow within it. */
  within(size: number, bound: number): number;
}

/** The bounds of a precision. */
export function roundingOf({ u, tiny, largest }: Precision): Rounding {
  const unit = u + 2 ** -53;
  // Bounds are computed in double precision, from |f64 result| in place of |exact result|: a relative error of 2⁻⁵³ for each
  // summand. The margin covers 2³² summands.
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
    withRounding: (out, propagated, count) => {
      const size = Math.abs(out);
      return within(size, propagated + error(size + propagated, count, 1));
    },
  };
}
