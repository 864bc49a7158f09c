/** @file Types of inputs and result that the modes of the selective scan share, and checks of their shapes. */
import { zerosLike } from '../../tensor/operand.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes, checkGroups, checkShape } from '../check.ts';

/**
 * `u` and `delta` [b, t, e], A [e, n], B and C [b, t, g, n]. Each of the g groups of neighbouring channels shares a row. {@link
 * tokenMap} and {@link constantMap} convert other layouts of B and C. Optional: D `skip` [e], `z` [b, t, e], `deltaBias` [e].
 */
export interface SelectiveScanInputs {
  readonly u: Value;
  readonly delta: Value;
  readonly a: Value;
  readonly b: Value;
  readonly c: Value;
  readonly skip?: Value | undefined;
  readonly z?: Value | undefined;
  readonly deltaBias?: Value | undefined;
  /** Step sizes are softplus(δ + bias) if true, δ + bias if false. */
  readonly deltaSoftplus: boolean;
}

/** Outputs [b, t, e] and the state [b, e, n] after the last token. */
export interface SelectiveScanResult {
  readonly output: Value;
  readonly state: Value;
}

/** The selective scan in one mode. All modes compute the same function, in different orders. */
export type SelectiveScan = (inputs: SelectiveScanInputs, state: Value) => SelectiveScanResult;

/**
 * Converts B or C with one row per token, `rows` [b, t, n], to [b, t, 1, n]: all channels are one group. Throws unless `rows` has
 * three axes.
 * @example
 * tokenMap(tensor([[[1, 2]]])).shape // [1, 1, 1, 2]
 */
export function tokenMap(rows: Value): Value {
  checkAxes('tokenMap', 'rows', rows, ['b', 't', 'n']);
  const [b, t, n] = rows.shape as readonly [number, number, number];
  return reshape(rows, [b, t, 1, n]);
}

/**
 * Converts B or C with one row per channel, `rows` [e, n], to [b, t, e, n]: each channel is a group. The row is the same at every
 * token of `u` [b, t, e]. Throws on other ranks.
 * @example
 * read(constantMap(tensor([[5]]), tensor([[[1], [2]]]))) // [5, 5]
 */
export function constantMap(rows: Value, u: Value): Value {
  checkAxes('constantMap', 'rows', rows, ['e', 'n']);
  checkAxes('constantMap', 'u', u, ['b', 't', 'e']);
  const [b, t] = u.shape as readonly [number, number, number];
  return broadcast(rows, [b, t, ...rows.shape]);
}

/**
 * State before the first token: zeros [b, e, n]. Throws on other ranks.
 * @example
 * emptyScanState({ u: tensor([[[1, 2]]]), a: tensor([[1, 2, 3], [4, 5, 6]]) }).shape // [1, 2, 3]
 */
export function emptyScanState({ u, a }: Pick<SelectiveScanInputs, 'u' | 'a'>): Value {
  checkAxes('emptyScanState', 'u', u, ['b', 't', 'e']);
  checkAxes('emptyScanState', 'a', a, ['e', 'n']);
  return zerosLike(u, [u.shape[0]!, ...a.shape]);
}

/** Checks inputs and state, and returns the number of tokens. Throws when a shape is wrong. */
export function checkScan(call: string, inputs: SelectiveScanInputs, state: Value): number {
  const { u, delta, a, skip, z, deltaBias } = inputs;
  checkAxes(call, 'u', u, ['b', 't', 'e']);
  checkAxes(call, 'a', a, ['e', 'n']);
  const [b, t, e] = u.shape as readonly [number, number, number];
  const n = a.shape[1]!;
  checkShape(call, 'delta', delta, ['b', 't', 'e'], [b, t, e]);
  checkShape(call, 'a', a, ['e', 'n'], [e, n]);
  checkShape(call, 'the state', state, ['b', 'e', 'n'], [b, e, n]);
  if (skip !== undefined) checkShape(call, 'skip', skip, ['e'], [e]);
  if (z !== undefined) checkShape(call, 'z', z, ['b', 't', 'e'], [b, t, e]);
  if (deltaBias !== undefined) checkShape(call, 'deltaBias', deltaBias, ['e'], [e]);
  for (const name of ['b', 'c'] as const) {
    const map = inputs[name];
    checkAxes(call, name, map, ['b', 't', 'g', 'n']);
    checkGroups(call, name, map.shape[2]!, e, 'channels');
    checkShape(call, name, map, ['b', 't', 'g', 'n'], [b, t, map.shape[2]!, n]);
  }
  return t;
}
