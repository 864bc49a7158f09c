/** @file Types of inputs and result that the modes of the generalised delta rule share, and checks of their shapes. */
import type { Value } from '../../tensor/value.ts';
import { checkAxes, checkShape } from '../check.ts';
import type { LinearAttentionResult } from '../linear-attention/inputs.ts';

/**
 * Queries and keys [b, h, t, d], values [b, h, t, e]; the vectors a and b [b, h, t, d] of a transition that is diagonal plus low rank; and
 * gates [b, h, t, d], the natural logarithms of its diagonal, −∞ a reset. Queries are already scaled.
 */
export interface DplrInputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly a: Value;
  readonly b: Value;
  readonly gate: Value;
}

/** The generalised delta rule in one mode. All modes compute the same function, in different orders. */
export type Dplr = (inputs: DplrInputs, state: Value) => LinearAttentionResult;

/** Checks inputs and state, and returns the number of tokens. Throws when a shape is wrong. */
export function checkDplr(call: string, { q, v, ...inputs }: DplrInputs, state: Value): number {
  checkAxes(call, 'q', q, ['b', 'h', 't', 'd']);
  checkAxes(call, 'v', v, ['b', 'h', 't', 'e']);
  const [b, h, t, d] = q.shape as readonly [number, number, number, number];
  const e = v.shape[3]!;
  for (const [name, x] of Object.entries(inputs)) checkShape(call, name, x, ['b', 'h', 't', 'd'], [b, h, t, d]);
  checkShape(call, 'v', v, ['b', 'h', 't', 'e'], [b, h, t, e]);
  checkShape(call, 'the state', state, ['b', 'h', 'd', 'e'], [b, h, d, e]);
  return t;
}
