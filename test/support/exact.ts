/** @file Truth for functions of doubles: integers in units of 2⁻ᵇ, for any number of bits b. */

/** A finite double in units of 2⁻ᵇ: exact for b ≥ 1,074. */
export function fixed(x: number, bits: number): bigint {
  const exponent = x === 0 ? 0 : Math.max(-1074, Math.floor(Math.log2(Math.abs(x))) - 53);
  // an integer of at most 55 bits: scaled in two steps, neither of which leaves the doubles
  const half = Math.trunc(-exponent / 2);
  const shift = BigInt(bits + exponent);
  const mantissa = BigInt(x * 2 ** half * 2 ** (-exponent - half));
  return shift >= 0n ? mantissa << shift : mantissa >> -shift;
}

/** A number in units of 2⁻ᵇ relative to another: their quotient as a double. */
export function quotient(x: bigint, y: bigint): number {
  const abs = (n: bigint): bigint => (n < 0n ? -n : n);
  const size = BigInt(Math.max(0, abs(y).toString(2).length - 1));
  // 200 bits of it, then those of a double
  const scaled = (x << 200n) / y;
  return size >= 0n ? Number(scaled) * 2 ** -200 : 0;
}

/** `Σ_j z^j / (j + k)!`, of z in units of 2⁻ᵇ: every term until it is 0. For k = 0 it is e^z. */
export function phiSeries(z: bigint, order: number, bits: number): bigint {
  const shift = BigInt(bits);
  let term = 1n << shift;
  for (let n = 2; n <= order; n++) term /= BigInt(n);
  let sum = 0n;
  for (let j = 1; term !== 0n; j++) {
    sum += term;
    term = ((term * z) >> shift) / BigInt(j + order);
    // −1, shifted right, stays −1
    if (term === -1n) break;
  }
  return sum;
}
