/** @file Writes numbers as labs show them. */

/** A share in per cent, without the sign, to some significant digits: "1,600", "0.082". */
export const percent = (share: number, digits = 2): string =>
  new Intl.NumberFormat('en', { maximumSignificantDigits: digits }).format(100 * share);

/** A share in per cent with the sign, which stays on the number's line. */
export const percentSigned = (share: number): string => `${percent(share)}\u00a0%`;
