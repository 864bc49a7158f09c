/** @file Computes in prime fields: sums, products, powers and reciprocals of residues, and the residue of a double. */

/** The largest product of residues that doubles hold exactly. Every prime is below its root. */
const largestProduct = 2 ** 53;

/** The residue of an integer between −2⁵³ and 2⁵³. The quotient's rounding never reaches the next integer. Infinities give NaN. */
export const residue = (x: number, p: number): number => x - Math.floor(x / p) * p;

export const times = (x: number, y: number, p: number): number => residue(x * y, p);

/** `x + y`. An infinity stays one. */
export const plus = (x: number, y: number, p: number): number => (x + y >= p ? x + y - p : x + y);

/** `xⁿ` for an integer n; negative powers of 0 are NaN. */
export function power(x: number, n: number, p: number): number {
  if (n < 0) return power(inverse(x, p), -n, p);
  let result = 1;
  for (let [square, rest] = [x, n]; rest > 0; square = times(square, square, p), rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = times(result, square, p);
  }
  return result;
}

/** `1 / x`; NaN for 0. By Euclid's algorithm. */
export function inverse(x: number, p: number): number {
  let [a, b, s, t] = [x, p, 1, 0];
  while (b > 0) {
    const quotient = Math.floor(a / b);
    [a, b, s, t] = [b, a - quotient * b, t, s - quotient * t];
  }
  return a === 1 ? (s < 0 ? s + p : s) : Number.NaN;
}

/** The residue between −p/2 and p/2, so that small integers keep their signs. */
export const centred = (x: number, p: number): number => (2 * x > p ? x - p : x);

/** The largest denominator of a literal such as 1/3 or 0.999. */
const largestDenominator = 2 ** 20;

/** A number as `numerator · 2^exponent / denominator`. */
interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
  readonly exponent: number;
}

/**
 * Returns the residue of a double in each field. It stands for the simplest fraction that rounds to it, if that has a small denominator: 1/3 for
 * 0.333…, so that a literal times 3 is 1. Any other double stands for itself, which is an integer times a power of 2. Infinities and
 * NaN stay.
 */
export function residueOf(x: number): (p: number) => number {
  if (!Number.isFinite(x)) return () => x;
  const { numerator, denominator, exponent } = fractionOf(Math.abs(x));
  return (p) => {
    const whole = residue(numerator, p);
    const size = denominator === 1 ? whole : times(whole, inverse(denominator, p), p);
    const scaled = exponent === 0 ? size : times(size, power(2, exponent, p), p);
    return x < 0 && scaled > 0 ? p - scaled : scaled;
  };
}

function fractionOf(x: number): Fraction {
  // convergents of the continued fraction of x
  let [before, numerator, below, denominator, rest] = [1, Math.floor(x), 0, 1, x - Math.floor(x)];
  while (denominator <= largestDenominator && numerator < largestProduct) {
    if (numerator / denominator === x) return { numerator, denominator, exponent: 0 };
    const digit = Math.floor(1 / rest);
    [before, numerator, below, denominator] = [
      numerator,
      digit * numerator + before,
      denominator,
      digit * denominator + below,
    ];
    rest = 1 / rest - digit;
  }
  let [mantissa, exponent] = [x, 0];
  for (; mantissa >= largestProduct; exponent++) mantissa /= 2;
  for (; !Number.isInteger(mantissa); exponent--) mantissa *= 2;
  return { numerator: mantissa, denominator: 1, exponent };
}
