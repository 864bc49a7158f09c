/** @file Lists how exactly devices compute elementary functions. */

/** The largest error of a function at x: `units + perArgument · |x|` round-offs of the result, and an absolute error. */
export interface Accuracy {
  readonly units: number;
  /** Grows with the argument: `exp(x)` computed as `2^y` passes on the rounding of `y = x log₂ e`, a relative error of |x| u. */
  readonly perArgument?: number;
  /** An absolute error, where a device promises no relative one. */
  readonly absolute?: number;
}

/** The functions that a table lists. Sigmoid, softplus and phi are composed of these. */
export const functionNames = ['exp', 'expm1', 'log', 'sin', 'cos', 'erf', 'erfc', 'rsqrt', 'reciprocal'] as const;

/** A table of accuracies. */
export interface Functions extends Readonly<Record<(typeof functionNames)[number], Accuracy>> {
  readonly name: string;
  /** What computes its functions so. */
  readonly says: string;
  /** The largest angle that sin and cos reduce without an error. Reducing a larger one adds up to `angleRoundings`. */
  readonly angles: number;
}

/** A table in which all functions but a reciprocal have one accuracy. */
const uniform = (name: string, says: string, units: number, perArgument: number, angles: number): Functions => ({
  name,
  says,
  exp: { units, perArgument },
  expm1: { units, perArgument },
  log: { units },
  sin: { units },
  cos: { units },
  erf: { units },
  // relative to its tail: 5 ulp in double precision, 4 in single precision
  erfc: { units: units + 6 },
  rsqrt: { units },
  reciprocal: { units: 2 },
  angles,
});

/** Mathematical libraries in double precision: within 2 ulp; exp may also be 2^y of a rounded product. */
export const libraryFunctions = uniform('library', 'a mathematical library', 4, 2, Number.MAX_VALUE);

/** GPU compilers without fast-math flags: within 4 ulp; exp is 2^y of a rounded product; sin and cos where |x| ≤ 12,000. */
export const deviceFunctions = uniform('device', 'a GPU compiler without fast-math flags', 8, 2, 12_000);

/** The error of a function at an argument of at most this size, in units of round-off. */
export const unitsAt = ({ units, perArgument = 0 }: Accuracy, size: number): number => units + perArgument * size;

/** Roundings of sigmoid: an exp, an addition, and a reciprocal. The exp of a large argument adds to 1 and its error vanishes. */
export const sigmoidUnits = ({ exp, reciprocal }: Functions, x: number): number =>
  unitsAt(exp, Math.max(0, -x)) + 1 + reciprocal.units;
/** Roundings of softplus: an exp, a log1p and an addition. The log1p passes on at most the error of the exp. */
export const softplusUnits = ({ exp, log }: Functions, x: number): number =>
  unitsAt(exp, Math.max(0, -x)) + log.units + 1;
/** Roundings of phi: an expm1, then a subtraction, a reciprocal and a product for each order. Where these cancel, use a series. */
export const phiUnits = ({ expm1 }: Functions, x: number, order: number): number =>
  unitsAt(expm1, Math.max(0, x)) + 4 * order;
/**
 * Roundings of a quotient: of one division, or of a reciprocal and a product. The product is right only where the reciprocal is a
 * normal number of the format: for other divisors, an implementation must divide.
 */
export const quotientUnits = ({ reciprocal }: Functions): number => reciprocal.units + 1;
/** Roundings, relative to the angle, when a large angle is reduced by a rounded multiple of π/2. */
export const angleRoundings = 8;
