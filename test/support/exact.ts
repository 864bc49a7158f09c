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
