/** @file The scalar objectives that cases differentiate. */
import { crossEntropy, nextTokenTargets, predictingRows } from '../nn/cross-entropy.ts';
import { input } from '../tensor/input.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Value } from '../tensor/value.ts';
import { givenIn, type VectorCase } from './case.ts';

/** A scalar function of a model's output. */
export type Objective = (output: Value) => Value;

const PROBE = 'in/probe';

/** `Σ output ∘ in/probe`. Throws when the probe is missing or shaped unlike the output. */
export const probed =
  (testCase: VectorCase): Objective =>
  (output) => {
    const { data, shape } = givenIn(testCase, PROBE, output.shape);
    return sum(
      mul(output, input(output.on.root, data, shape)),
      shape.map((_, axis) => axis),
    );
  };

/** The mean cross entropy of the next token over the labels [b, t] that are not −100. Throws on wrong labels. */
export const nextTokenLoss =
  (testCase: VectorCase, labels: string): Objective =>
  (logits) => {
    const [b, t] = logits.shape as readonly [number, number];
    const { data } = givenIn(testCase, labels, [b, t]);
    const rows = Array.from({ length: b }, (_, i) => [...data.subarray(i * t, (i + 1) * t)]);
    return crossEntropy(predictingRows(logits), nextTokenTargets(logits.on.root, rows));
  };

/**
 * The `out/loss` of a language model, of which its gradients are taken. One token predicts nothing, so there the loss is the
 * probed sum. Where there is a probe, the probed sum is differentiated.
 */
export function objectivesOf(
  testCase: VectorCase,
  labels: string,
  t: number,
): { loss: Objective; differentiated: Objective } {
  const has = (name: string): boolean => testCase.tensors.has(name);
  const loss = t > 1 && has(labels) ? nextTokenLoss(testCase, labels) : probed(testCase);
  return { loss, differentiated: has(PROBE) ? probed(testCase) : loss };
}
