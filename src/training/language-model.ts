/** @file Turns a language model into a training problem: its parameters, batches of tokens, and the loss of next-token prediction. */
import type { LanguageModel } from '../models/language-model.ts';
import { crossEntropySum, tokenLosses } from '../nn/cross-entropy.ts';
import type { Mode } from '../nn/mode.ts';
import { div } from '../tensor/primitives/div.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import type { Training } from './steps.ts';

/** Size of a batch: its rows, the tokens of a row, and the model's mode, which is parallel unless given. */
export interface LanguageBatch {
  readonly batch: number;
  readonly length: number;
  readonly mode?: Mode;
  /** Whether a batch has `weights` too, for labels that are ignored: see {@link targetsOf}. */
  readonly weights?: boolean;
}

/** The token to predict at each position, and its weight: 0 where the label is ignored, else 1. */
export interface WeightedTargets {
  readonly targets: Float32Array;
  readonly weights: Float32Array;
}

/**
 * Turns labels into targets and weights. Labels equal to `ignored` (−100, as in PyTorch) get weight 0.
 * @example
 * targetsOf([3, -100]).weights // [1, 0]
 */
export const targetsOf = (labels: ArrayLike<number>, ignored = -100): WeightedTargets => ({
  targets: Float32Array.from(labels, (label) => (label === ignored ? 0 : label)),
  weights: Float32Array.from(labels, (label) => (label === ignored ? 0 : 1)),
});

/**
 * Describes parameters, batches and loss of a language model, for {@link trainingSteps}. A batch is `tokens` and `targets` [b, t]
 * (kind index): the input, and the token to predict at each position. The loss is the mean of `−log softmax(logits)[target]`, from
 * the state before the first token. With `weights` [b, t] it is the mean over the positions that count. Throws on an invalid
 * configuration.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * languageTraining(denseRetNet, config, { batch: 2, length: 5 }).batch.tokens.shape // [2, 5]
 */
export function languageTraining<C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  config: C,
  { batch, length, mode = { name: 'parallel' }, weights: isWeighted = false }: LanguageBatch,
): Pick<Training<P>, 'shapes' | 'batch' | 'loss' | 'weights'> {
  model.check(config);
  const shape = [batch, length];
  const rows = batch * length;
  const slots = { tokens: { shape, kind: 'index' }, targets: { shape, kind: 'index' } } as const;
  const logitsOf = (params: P, tokens: Value): Value =>
    logitsIn(model, config, { batch, length, mode }, params, tokens);
  const shapes = model.shapes(config);
  if (!isWeighted) {
    return {
      shapes,
      batch: slots,
      loss: (params, { tokens, targets }) =>
        div(sum(tokenLosses(logitsOf(params, tokens!), reshape(targets!, [rows]))), rows),
    };
  }
  return {
    shapes,
    batch: { ...slots, weights: { shape } },
    weights: 'weights',
    loss: (params, { tokens, ...wanted }) => weightedLoss(logitsOf(params, tokens!), wanted),
  };
}

/** The logits [b·t, v] of a batch of tokens, from the state before the first. */
export function logitsIn<C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  config: C,
  { batch, length, mode = { name: 'parallel' } }: LanguageBatch,
  params: P,
  tokens: Value,
): Value {
  const { logits } = model.forward(params, config, tokens, model.start(params, config, batch), mode);
  return reshape(logits, [batch * length, logits.shape.at(-1)!]);
}

/** `Σ w ℓ` of logits [b·t, v] over the targets of a batch, which has `weights`. */
export function weightedLoss(logits: Value, { targets, weights }: Readonly<Record<string, Value>>): Value {
  const rows = logits.shape[0]!;
  return crossEntropySum(logits, { tokens: reshape(targets!, [rows]), weights: reshape(weights!, [rows]) });
}
