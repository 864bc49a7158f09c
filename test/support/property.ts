/** Property tests draw the same cases in every run, so that a change is to blame when one fails; DENSESSM_SEED draws others. */
export const seed = Number(process.env.DENSESSM_SEED ?? 1);

/** Settings of a property test of at least this many cases; DENSESSM_CASES asks for more. A failure prints its seed and path. */
export function cases(atLeast: number): { readonly numRuns: number } {
  return { numRuns: Math.max(atLeast, Number(process.env.DENSESSM_CASES ?? 0)) };
}
