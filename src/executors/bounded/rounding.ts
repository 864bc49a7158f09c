/** @file What rounding does to one number. */
import type { Precision } from './precision.ts';

/** Error bounds of single operations in a precision. */
export interface Rounding {
  /** One rounding of the implementation and one of the f64 reference, relative to the result. */
  readonly unit: number;
  /** What `count` roundings can do to a result of at most this size: γ_n of Higham, and what underflows. */
  error(size: number, count: number, underflows?: number): number;
  /** The bound on a result that is `out` in f64, `moved` away before it is rounded, and then is rounded `count` times. */
  settle(out: number, moved: number, count: number): number;
  /** A bound as it is, or ∞ where a number of that size plus the bound leaves the format. */
  within(size: number, bound: number): number;
}

/** The bounds of a precision. */
export function roundingOf({ u, tiny, largest }: Precision): Rounding {
  const unit = u + 2 ** -53;
  // The bounds are themselves computed in double precision, from |f64 result| in place of |exact result|: both lose parts in
  // 2⁵³, once per summand. This covers 2³² of them.
  const own = 1 + 2 ** -20;
  const within: Rounding['within'] = (size, bound) => {
    const e = bound * own;
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
    settle: (out, moved, count) => {
      const size = Math.abs(out);
      return within(size, moved + error(size + moved, count, 1));
    },
  };
}
