/** @file Types of inputs and result that the modes of the delta rule share, checks of their shapes, and groups of heads. */
import { fail } from '../../tensor/errors.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes, checkShape } from '../check.ts';
import { repeatGroups } from '../groups.ts';

/**
 * Queries and keys [b, g, t, d], values [b, h, t, e]; each of the g groups of neighbouring heads shares queries and keys. Step sizes β
 * [b, h, t], or [b, h, t, e] with one for each value channel. The optional gate is the natural logarithm of the decays: [b, h, t], or
 * [b, h, t, d] with one for each key channel; −∞ is a reset. Queries are already scaled, keys already normalised. `reads` are the keys that
 * read what the state gives for them, if these are others than the keys that are written.
 */
export interface DeltaRuleInputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly beta: Value;
  readonly gate?: Value | undefined;
  readonly reads?: Value | undefined;
}

/** Outputs [b, h, t, e] and the state [b, h, d, e] after the last token. */
export interface DeltaRuleResult {
  readonly output: Value;
  readonly state: Value;
}

/** The delta rule in one mode. All modes compute the same function, in different orders. */
export type DeltaRule = (inputs: DeltaRuleInputs, state: Value) => DeltaRuleResult;

/** The inputs with queries and keys for each head, and gates [b, h, t, 1] or [b, h, t, d]. */
export interface Prepared extends DeltaRuleInputs {
  readonly gate: Value | undefined;
  readonly reads: Value;
}

/** Checks inputs and state, and repeats groups for their heads. Throws when a shape is wrong. */
export function prepared(call: string, { q, k, v, beta, gate, reads }: DeltaRuleInputs, state: Value): Prepared {
  checkAxes(call, 'q', q, ['b', 'g', 't', 'd']);
  checkAxes(call, 'v', v, ['b', 'h', 't', 'e']);
  const [b, g, t, d] = q.shape as readonly [number, number, number, number];
  const [, h, , e] = v.shape as readonly [number, number, number, number];
  checkShape(call, 'k', k, ['b', 'g', 't', 'd'], [b, g, t, d]);
  if (reads !== undefined) checkShape(call, 'reads', reads, ['b', 'g', 't', 'd'], [b, g, t, d]);
  checkShape(call, 'v', v, ['b', 'h', 't', 'e'], [b, h, t, e]);
  checkShape(call, 'the state', state, ['b', 'h', 'd', 'e'], [b, h, d, e]);
  checkEither(call, 'beta', beta, [b, h, t], 'e', e);
  if (gate !== undefined) checkEither(call, 'the gate', gate, [b, h, t], 'd', d);
  const [queries, keys] = [repeatGroups(call, 'q', q, h), repeatGroups(call, 'k', k, h)];
  return {
    q: queries,
    k: keys,
    reads: reads === undefined ? keys : repeatGroups(call, 'reads', reads, h),
    v,
    beta,
    gate: gate?.shape.length === 3 ? reshape(gate, [...gate.shape, 1]) : gate,
  };
}

/** Throws unless `x` is [b, h, t], or has one more axis. */
function checkEither(call: string, what: string, x: Value, shape: readonly number[], axis: string, length: number) {
  if (x.shape.length === 3) checkShape(call, what, x, ['b', 'h', 't'], shape);
  else if (x.shape.length === 4) checkShape(call, what, x, ['b', 'h', 't', axis], [...shape, length]);
  else fail(`${call}: ${what} has shape ${show(x.shape)}; it is [b, h, t] or [b, h, t, ${axis}], so reshape it`);
}

/** The decays of gates: what `exp` gives. */
export const decaysOf = (gate: Value): Value => stored(exp(gate), 'decay');
