/**
 * @file Costs of operations per element, by which fusion decides whether to store an expression or to recompute it. A sigmoid is
 * 4 units, an addition a sixteenth of it; `workBytes` of a target says how much memory traffic one unit equals.
 */

export const workOf = {
  arithmetic: 0.25,
  /** The comparison that guards a pad or a concat. */
  guard: 1,
  reciprocal: 1,
  rsqrt: 1,
  exp: 4,
  log: 4,
  sin: 4,
  cos: 4,
  sigmoid: 4,
  expm1: 5,
  erf: 6,
  softplus: 6,
  phi: 8,
} as const;
