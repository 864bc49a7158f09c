/** @file Gates of the delta rule from raw numbers. */
import { add } from '../../tensor/primitives/add.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sigmoidByDifference } from '../../tensor/primitives/sigmoid.ts';
import { softplus } from '../../tensor/primitives/softplus.ts';
import type { Value } from '../../tensor/value.ts';
import { checkShape } from '../check.ts';

/** The parameters of raw gates: `aLog` [h], and a bias for each head [h], or for each of its key channels [h, d]. */
export interface RawGateParams {
  readonly aLog: Value;
  readonly gateBias?: Value | undefined;
}

/**
 * Gates `−e^a softplus(x + bias)` from raw numbers [b, h, t] or [b, h, t, d]. Our softplus has no threshold, as PyTorch's has at 20; `of` may
 * be another. Throws on wrong shapes.
 * @example
 * read(rawGates(tensor([[[Math.log(Math.E - 1)]]]), { aLog: tensor([0]) })).map(Math.round) // [-1]
 */
export function rawGates(x: Value, params: RawGateParams, of: (x: Value) => Value = softplus): Value {
  const { rate, biased } = inHeads('rawGates', x, params);
  return scale(mul(rate, of(biased)), -1);
}

/**
 * Gates `bound σ(e^a (x + bias))` from raw numbers, between a bound below 0 and 0. Throws on wrong shapes.
 * @example
 * read(boundedGates(tensor([[[0]]]), { aLog: tensor([0]) }, -5)) // [-2.5]
 */
export function boundedGates(x: Value, params: RawGateParams, bound: number): Value {
  const { rate, biased } = inHeads('boundedGates', x, params);
  return scale(sigmoidByDifference(mul(rate, biased)), bound);
}

function inHeads(call: string, x: Value, { aLog, gateBias }: RawGateParams): { rate: Value; biased: Value } {
  const [, h, , ...d] = x.shape as readonly [number, number, number, ...number[]];
  checkShape(call, 'aLog', aLog, ['h'], [h]);
  if (gateBias !== undefined) checkShape(call, 'the bias', gateBias, d.length === 0 ? ['h'] : ['h', 'd'], [h, ...d]);
  const rate = reshape(exp(aLog), [h, 1, ...d.map(() => 1)]);
  return { rate, biased: gateBias === undefined ? x : add(x, reshape(gateBias, [h, 1, ...d])) };
}
