/**
 * @file Lists the cost of operations per element. Fusion uses it to decide whether to store or to recompute an expression. A sigmoid
 * costs 4 units, an addition ¼; `workBytes` of a target is the memory traffic that equals one unit.
 */

export const workOf = {
  arithmetic: 0.25,
  /** The comparison that guards a pad or a concat. */
  guard: 1,
  reciprocal: 1,
  div: 1,
  rsqrt: 1,
  exp: 4,
  log: 4,
  sin: 4,
  cos: 4,
  sigmoid: 4,
  expm1: 5,
  erf: 6,
  erfc: 8,
  softplus: 6,
  phi: 8,
} as const;
