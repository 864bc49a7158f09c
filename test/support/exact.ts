/** @file Exact values of functions of doubles, as integers in units of 2⁻ᵇ for any number of bits b. */

/** A finite double as an integer times 2⁻ˢ, s ≥ 0. */
function parts(x: number): readonly [integer: bigint, s: bigint] {
  let [integer, s] = [x, 0n];
  for (; !Number.isInteger(integer); integer *= 2) s++;
  return [BigInt(integer), s];
}

/** A finite double in units of 2⁻ᵇ, rounded down; exact for b ≥ 1,074. */
export function fixed(x: number, bits: number): bigint {
  const [integer, s] = parts(x);
  return (integer << BigInt(bits)) >> s;
}

/** A quotient of integers as a double, from 300 fractional bits. */
export const quotient = (x: bigint, y: bigint): number => Number((x << 300n) / y) * 2 ** -300;

/** `Σ_j z^j / (j + k)!` in units of 2⁻ᵇ, until the terms vanish. For k = 0 it is e^z. */
export function phiSeries(z: number, order: number, bits: number): bigint {
  const [integer, s] = parts(z);
  let term = 1n << BigInt(bits);
  for (let n = 2n; n <= order; n++) term /= n;
  let sum = 0n;
  for (let j = 1; term !== 0n; j++) {
    sum += term;
    // divide last: division rounds −1 to 0 and ends the loop, but the shift rounds down and keeps −1
    term = ((term * integer) >> s) / BigInt(j + order);
  }
  return sum;
}

/** π in units of 2⁻ᵇ, by Machin's formula `π = 16 arctan ⅕ − 4 arctan 1/239`. */
function pi(bits: number): bigint {
  const arctan = (n: bigint): bigint => {
    let [power, sum] = [(1n << BigInt(bits)) / n, 0n];
    for (let k = 1n; power !== 0n; k += 2n, power /= -n * n) sum += power / k;
    return sum;
  };
  return 16n * arctan(5n) - 4n * arctan(239n);
}

/** The square root of an integer, rounded down, by Newton's iteration from above. */
function rootOf(x: bigint): bigint {
  let [root, next] = [x, 1n << BigInt(Math.ceil(x.toString(2).length / 2))];
  while (next < root) [root, next] = [next, (next + x / next) >> 1n];
  return root;
}

/** √π in units of 2⁻ᵇ, by b. */
const roots = new Map<number, bigint>();

/** `1 − erf x = 1 − 2/√π Σ_n (−1)ⁿ x^{2n+1} / (n! (2n+1))` in units of 2⁻ᵇ. Needs some 3x² bits more than the result has. */
export function erfcSeries(x: number, bits: number): bigint {
  const [one, at] = [1n << BigInt(bits), fixed(x, bits)];
  const square = (at * at) >> BigInt(bits);
  let [term, sum] = [at, 0n];
  for (let n = 0n; term !== 0n; n++) {
    sum += term / (2n * n + 1n);
    term = -(term * square) / ((n + 1n) << BigInt(bits));
  }
  const root = roots.get(bits) ?? rootOf(pi(bits) << BigInt(bits));
  roots.set(bits, root);
  return one - (2n * sum * one) / root;
}
