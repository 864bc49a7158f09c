/** @file Computes the functions `φ_k(z) = Σ_j z^j / (j + k)!` in double precision, within a few ulp. */

/** 1/n! for n = 0, 1, …, up to the first that underflows to 0. */
const inverses = [1];
while (inverses.at(-1)! > 0) inverses.push(inverses.at(-1)! / inverses.length);
const inverseFactorial = (n: number): number => inverses[n] ?? 0;

/**
 * φ_k for k ≥ 1, by the formula with the least cancellation. Near 0 it is the series. For larger positive z it is
 * `(e^z − Σ_{j<k} z^j/j!) / z^k`. For larger negative z it is `φ_{k+1} = (φ_k − 1/k!) / z` from `φ_1 = (e^z − 1)/z`.
 */
export function phi(z: number, order: number): number {
  if (Math.abs(z) < reachOfSeries(order)) return series(z, order);
  if (z > 0) return upper(z, order);
  let y = Math.expm1(z) / z;
  for (let k = 1; k < order; k++) y = (y - inverseFactorial(k)) / z;
  return y;
}

const reachOfSeries = (order: number): number => (order === 1 ? 2 ** -53 : order);

function series(z: number, order: number): number {
  let count = 1;
  for (let term = 1; term > 2 ** -60; count++) term *= Math.abs(z) / (order + count);
  let sum = 0;
  for (let j = count; j >= 0; j--) sum = inverseFactorial(order + j) + z * sum;
  return sum;
}

function upper(z: number, order: number): number {
  const first = order >> 1;
  if (z > 700) {
    // ∞ / ∞ would be NaN
    const far = Math.min(z, 2000);
    const root = Math.exp(far / 2);
    return (root / far ** first) * (root / far ** (order - first));
  }
  let sum = 0;
  for (let j = order - 1; j > 0; j--) sum = inverseFactorial(j) + z * sum;
  return (Math.expm1(z) - z * sum) / z ** first / z ** (order - first);
}
