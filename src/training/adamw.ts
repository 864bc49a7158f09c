/** @file AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019). */

import type { Operand } from '../tensor/operand.ts';
import { sub } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { div } from '../tensor/primitives/div.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { leavesOf, namedLeavesOf, type Tree, withLeaves } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import type { WeightDecay } from './decay.ts';
import { squareRoot } from './square-root.ts';

/**
 * Hyperparameters. `weightDecay` is a number, a value that broadcasts against each parameter, or a function of a parameter's path and
 * shape (parameter groups), such as {@link decayMatrices}.
 */
export interface AdamW {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: Operand | WeightDecay;
}

/**
 * Factors of step n: the learning rate η, and the bias corrections `1 / (1 − β₁ⁿ)` and `1 / (1 − β₂ⁿ)`. Each is a number or a value
 * of one element.
 */
export interface StepFactors<N = Operand> {
  readonly rate: N;
  readonly firstCorrection: N;
  readonly secondCorrection: N;
}

/** Parameters, and running means m of their gradients and v of the squared gradients. All three are trees of one structure. */
export interface AdamWState<T extends Tree> {
  readonly params: T;
  readonly first: T;
  readonly second: T;
}

/**
 * Computes the factors of step n, counted from 1, at a learning rate.
 * @example
 * stepFactors({ beta1: 0.5, beta2: 0.75 }, 1, 0.1) // { rate: 0.1, firstCorrection: 2, secondCorrection: 4 }
 */
export const stepFactors = (
  { beta1, beta2 }: Pick<AdamW, 'beta1' | 'beta2'>,
  step: number,
  rate: number,
): StepFactors<number> => ({
  rate,
  firstCorrection: 1 / (1 - beta1 ** step),
  secondCorrection: 1 / (1 - beta2 ** step),
});

/**
 * Takes one step: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
 * `p ← p − η (m̂ / (√v̂ + ε) + λ p)` with `m̂ = m / (1 − β₁ⁿ)`, `v̂ = v / (1 − β₂ⁿ)`. PyTorch's AdamW computes the same.
 * `accept` chooses between the next moments or parameters and those before. The parameters are computed from the chosen moments.
 * @example
 * const [p, g, zero] = [tensor([1]), tensor([0.5]), tensor([0])];
 * const rule = { beta1: 0.5, beta2: 0.75, epsilon: 0, weightDecay: 0 };
 * read(adamW({ params: p, first: zero, second: zero }, g, stepFactors(rule, 1, 0.25), rule).params) // [0.75]
 */
export function adamW<T extends Tree>(
  { params, first, second }: AdamWState<T>,
  gradient: T,
  { rate, firstCorrection, secondCorrection }: StepFactors,
  { beta1, beta2, epsilon, weightDecay }: AdamW,
  accept: (next: Value, before: Value) => Value = (next) => next,
): AdamWState<T> {
  const [ms, vs, gs] = [first, second, gradient].map(leavesOf) as [Value[], Value[], Value[]];
  const means = ms.map((m, i) => accept(add(scale(m, beta1), scale(gs[i]!, 1 - beta1)), m));
  const squares = vs.map((v, i) => accept(add(scale(v, beta2), scale(mul(gs[i]!, gs[i]!), 1 - beta2)), v));
  const updated = namedLeavesOf(params).map(([path, p], i) => {
    const decay = typeof weightDecay === 'function' ? weightDecay(path, p.shape) : weightDecay;
    const root = squareRoot(mul(squares[i]!, secondCorrection));
    const direction = div(mul(means[i]!, firstCorrection), add(root, epsilon));
    return accept(sub(p, mul(add(direction, mul(p, decay)), rate)), p);
  });
  return { params: withLeaves(params, updated), first: withLeaves(first, means), second: withLeaves(second, squares) };
}
