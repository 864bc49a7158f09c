/** @file The seed and the number of cases of property tests. */
/** The seed of every property test. It is fixed, so a new failure comes from a change; DENSESSM_SEED draws other cases. */
export const seed = Number(process.env.DENSESSM_SEED ?? 1);

/** Settings of a property test of at least this many cases; DENSESSM_CASES asks for more. A failure prints its seed and path. */
export function cases(atLeast: number): { readonly numRuns: number } {
  return { numRuns: Math.max(atLeast, Number(process.env.DENSESSM_CASES ?? 0)) };
}
