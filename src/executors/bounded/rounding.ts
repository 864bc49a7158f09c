/** @file Bounds the rounding error of single operations in a precision: γ_n of Higham, underflow and overflow. */
import type { Precision } from './precision.ts';

/** Error bounds of single operations in a precision. */
export interface Rounding {
  /** The relative error of one rounding in the implementation and one in the f64 reference, together. */
  readonly unit: number;
  /** The error of `count` roundings (γ_n of Higham) of a result of at most this size, and of its underflows. */
  error(size: number, count: number, underflows?: number): number;
  /** The bound on a result `out`: the error propagated from its operands, and `count` roundings of the operation. */
  withRounding(out: number, propagated: number, count: number): number;
  /** The bound unchanged, or ∞ if a number of that size may overflow within the bound. */
  within(size: number, bound: number): number;
}

/** Makes the error bounds for a precision. */
export function roundingOf({ u, tiny, largest }: Precision): Rounding {
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
    withRounding: (out, propagated, count) => {
      const size = Math.abs(out);
      return within(size, propagated + error(size + propagated, count, 1));
    },
  };
}
