/** @file Computes the step sizes of Mamba-2, of one token or of a sequence: bias, softplus, limits. */
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { select } from '../../tensor/primitives/select.ts';
import { sign } from '../../tensor/primitives/sign.ts';
import { softplus } from '../../tensor/primitives/softplus.ts';
import type { Value } from '../../tensor/value.ts';

/** δ with the head as axis 1, its bias with the head as axis 0, and what is done to their sum. */
export interface StepInputs {
  readonly delta: Value;
  readonly deltaBias?: Value | undefined;
  /** Step sizes are softplus(δ + bias) if true, δ + bias if false. */
  readonly deltaSoftplus: boolean;
  /** The least and the largest step size. Others become the nearer of them, after softplus. */
  readonly deltaLimit?: readonly [number, number] | undefined;
}

/** Step sizes Δ, of the shape of δ. Softplus has no threshold. */
export function mamba2Steps({ deltaSoftplus, deltaLimit, ...inputs }: StepInputs): Value {
  const biased = biasedDelta(inputs);
  const steps = deltaSoftplus ? softplus(biased) : biased;
  return deltaLimit === undefined ? steps : limited(steps, deltaLimit);
}

/** δ + bias. δ has a token axis between those of the bias, or none. */
export function biasedDelta({ delta, deltaBias }: Pick<StepInputs, 'delta' | 'deltaBias'>): Value {
  return deltaBias === undefined ? delta : add(delta, alongTokens(deltaBias, delta.shape.length - 1));
}

/** Gives what is [h, …] a token axis of length 1 after the head if it has one axis less than `rank`. */
export function alongTokens(x: Value, rank: number): Value {
  const [h, ...rest] = x.shape as readonly [number, ...number[]];
  return x.shape.length < rank ? reshape(x, [h, 1, ...rest]) : x;
}

/** Clamps to [low, high]. The ends themselves pass the cotangent on whole, as kernels do; `maximum` would pass on half of it. */
function limited(x: Value, [low, high]: readonly [number, number]): Value {
  const isBelow = maximum(sign(sub(low, x)), 0);
  const isAbove = maximum(sign(sub(x, high)), 0);
  return select(isBelow, low, select(isAbove, high, x));
}
