/** @file Types of inputs and result that the modes of retention share, and checks of their shapes. */
import { checkValue, described } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes, type HeadAxes, headAxes } from '../check.ts';

/** Queries and keys [b, h, t, d], values [b, h, t, e], and γ of each head, a constant from 0 to 1. */
export interface RetentionInputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly decay: readonly number[];
}

/** Outputs [b, h, t, e] and the state [b, h, d, e] after the last token. */
export interface RetentionResult {
  readonly output: Value;
  readonly state: Value;
}

/** Retention in one mode. All modes compute the same function, in different orders. */
export type Retention = (inputs: RetentionInputs, state: Value) => RetentionResult;

/** Checks inputs and state, and returns the lengths of their axes. Throws when a shape or a decay is wrong. */
export function retentionAxes(call: string, inputs: RetentionInputs, state: Value): HeadAxes {
  checkValue(call, 'the state', state);
  const axes = inputAxes(call, inputs);
  const { b, h, d, e } = axes;
  if (!sameShape(state.shape, [b, h, d, e])) {
    fail(
      `${call}: the state has shape ${show(state.shape)}; for these q and v it is [b, h, d, e] = ${show([b, h, d, e])}`,
    );
  }
  return axes;
}

/** Checks inputs, and returns the lengths of their axes. Throws when a shape or a decay is wrong. */
export function inputAxes(call: string, { q, k, v, decay }: RetentionInputs): HeadAxes {
  const axes = headAxes(call, q, k, v);
  checkDecay(call, decay);
  if (decay.length !== axes.h) fail(`${call}: ${decay.length} decays for ${axes.h} heads; give one γ per head`);
  return axes;
}

/** Throws unless `decay` is a list of numbers from 0 to 1. */
export function checkDecay(call: string, decay: readonly number[]): void {
  if (!Array.isArray(decay)) fail(`${call}: the decay is ${described(decay)}; give a list of one γ per head`);
  for (const gamma of decay) {
    if (typeof gamma !== 'number' || !(gamma >= 0 && gamma <= 1)) {
      fail(`${call}: a decay is ${described(gamma)}; γ is a number from 0 to 1`);
    }
  }
}

/**
 * State before the first token: zeros [b, h, d, e]. Throws unless q and v have four axes.
 * @example
 * emptyState({ q: tensor([[[[1, 2]]]]), v: tensor([[[[1, 2, 3]]]]) }).shape // [1, 1, 2, 3]
 */
export function emptyState({ q, v }: Pick<RetentionInputs, 'q' | 'v'>): Value {
  checkAxes('emptyState', 'q', q, ['b', 'h', 't', 'd']);
  checkAxes('emptyState', 'v', v, ['b', 'h', 't', 'e']);
  const [b, h, , d] = q.shape;
  return zerosLike(q, [b!, h!, d!, v.shape[3]!]);
}
