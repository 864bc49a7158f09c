/** @file Computes the error function in double precision, within 1.5 ulp. */

/**
 * Error function. Near 0, the series `2/√π Σ_n (−1)ⁿ x^{2n+1} / (n! (2n+1))` (Abramowitz & Stegun 7.1.5), smallest terms first. Farther
 * away, `1 − erfc` by the continued fraction of erfc (7.1.14), with errors relative to erfc. For |x| ≥ 6 it rounds to ±1.
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size >= 6) return Math.sign(x);
  return size < 1.2 ? series(x) : Math.sign(x) * (1 - tail(size));
}

function series(x: number): number {
  let sum = 0;
  for (let n = 28; n >= 0; n--) sum = 1 / (2 * n + 1) - ((x * x) / (n + 1)) * sum;
  return (2 / Math.sqrt(Math.PI)) * x * sum;
}

/** `√π e^{x²} erfc(x) = 1/(x + ½/(x + 1/(x + ³⁄₂/(x + …))))`, truncated where further levels change no bit. */
function tail(x: number): number {
  let fraction = x;
  for (let n = Math.ceil(200 / (x * x)); n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
