/** @file Types of inputs and result that the modes of linear attention share, and checks of their shapes. */
import { filledLike } from '../../tensor/operand.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes, checkShape } from '../check.ts';

/**
 * Queries and keys [b, h, t, d], values [b, h, t, e], and an optional gate [b, h, t], or [b, h, t, d] with a gate for each key channel.
 * The gate is the natural logarithm of each token's decay: −∞ resets the state, and without a gate all decays are 1. Queries are already
 * scaled.
 */
export interface LinearAttentionInputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly gate?: Value | undefined;
}

/** Outputs [b, h, t, e] and the state [b, h, d, e] after the last token. */
export interface LinearAttentionResult {
  readonly output: Value;
  readonly state: Value;
}

/** Linear attention in one mode. All modes compute the same function, in different orders. */
export type LinearAttention = (inputs: LinearAttentionInputs, state: Value) => LinearAttentionResult;

/** Checks inputs and state, and returns the number of tokens. Throws when a shape is wrong. */
export function checkAttention(call: string, { q, k, v, gate }: LinearAttentionInputs, state: Value): number {
  checkAxes(call, 'q', q, ['b', 'h', 't', 'd']);
  checkAxes(call, 'v', v, ['b', 'h', 't', 'e']);
  const [b, h, t, d] = q.shape as readonly [number, number, number, number];
  const e = v.shape[3]!;
  checkShape(call, 'k', k, ['b', 'h', 't', 'd'], [b, h, t, d]);
  checkShape(call, 'v', v, ['b', 'h', 't', 'e'], [b, h, t, e]);
  if (gate?.shape.length === 4) checkShape(call, 'the gate', gate, ['b', 'h', 't', 'd'], [b, h, t, d]);
  else if (gate !== undefined) checkShape(call, 'the gate', gate, ['b', 'h', 't'], [b, h, t]);
  checkShape(call, 'the state', state, ['b', 'h', 'd', 'e'], [b, h, d, e]);
  return t;
}

/** Decays [b, h, …] with their axis of key channels, which has length 1 if a head has one decay; `axes` come before it. */
export const overChannels = (x: Value, axes: number): Value =>
  x.shape.length === axes ? reshape(x, [...x.shape, 1]) : x;

/** Decay of each token, [b, h, t] or [b, h, t, d]: exp of its gate, or 1 without a gate. */
export function decaysOf({ q, gate }: Pick<LinearAttentionInputs, 'q' | 'gate'>): Value {
  return gate === undefined ? filledLike(q, 1, q.shape.slice(0, 3)) : stored(exp(gate), 'decay');
}
