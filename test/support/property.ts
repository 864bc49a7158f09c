/** @file The seed and the number of cases of property tests. */
/** The seed of every property test. It is fixed, so a new failure comes from a change of the code. DENSESSM_SEED sets another. */
export const seed = Number(process.env.DENSESSM_SEED ?? 1);

/** Sets the number of cases: `atLeast`, or DENSESSM_CASES if that is larger. A failure prints its seed and path. */
export function cases(atLeast: number): { readonly numRuns: number } {
  return { numRuns: Math.max(atLeast, Number(process.env.DENSESSM_CASES ?? 0)) };
}
