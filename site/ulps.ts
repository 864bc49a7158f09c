/** @file Writes how many doubles lie between two numbers: units in the last place. */

export { ulpsBetween } from '../src/io/ulps.ts';

/** A difference as tables show it: "=", "+1 ulp", "−3 ulps". */
export function ulpsText(ulps: number): string {
  if (ulps === 0) return '=';
  if (Number.isNaN(ulps)) return 'NaN';
  const size = Math.abs(ulps);
  return `${ulps > 0 ? '+' : '−'}${size < 1e6 ? size : size.toExponential(1)} ulp${size === 1 ? '' : 's'}`;
}
