/** @file Counts the doubles between two numbers: units in the last place. */

/** The place of a double among all doubles in order; both zeros have the place 0. */
function placeOf(x: number): bigint {
  const bits = new BigInt64Array(new Float64Array([x]).buffer)[0]!;
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}

/** How many doubles b is above a; NaN if one of them is NaN and the other is not. */
export function ulpsBetween(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.NaN;
  return Number(placeOf(b) - placeOf(a));
}

/** A difference as tables show it: "=", "+1 ulp", "−3 ulps". */
export function ulpsText(ulps: number): string {
  if (ulps === 0) return '=';
  if (Number.isNaN(ulps)) return 'NaN';
  const size = Math.abs(ulps);
  return `${ulps > 0 ? '+' : '−'}${size < 1e6 ? size : size.toExponential(1)} ulp${size === 1 ? '' : 's'}`;
}
