/** @file Turns a language model into a training problem: its parameters, batches of tokens, and the loss of next-token prediction. */
import type { Drop, LanguageModel } from '../models/language-model.ts';
import { crossEntropySum, tokenLosses } from '../nn/cross-entropy.ts';
import type { Mode } from '../nn/mode.ts';
import { div } from '../tensor/primitives/div.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import { countDropped, type Dropout, dropper } from './dropout.ts';
import type { BatchSlot, Training } from './steps.ts';

/** Size of a batch: its rows, the tokens of a row, and the model's mode, which is parallel unless given. */
export interface LanguageBatch {
  readonly batch: number;
  readonly length: number;
  readonly mode?: Mode;
  /** Whether a batch has `weights` too, for labels that are ignored: see {@link targetsOf}. */
  readonly weights?: boolean;
  /** What is dropped; nothing unless given. */
  readonly dropout?: Dropout;
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
 * the state before the first token. With `weights` [b, t] it is the mean over the positions that count. With dropout a batch also has
 * `drops` [n, b, t] (kind index), n the number of branches and 1 for the embeddings: which of {@link maskRows} random masks [d] each
 * position of each takes. Throws on an invalid configuration.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * languageTraining(denseRetNet, config, { batch: 2, length: 5 }).batch.tokens.shape // [2, 5]
 */
export function languageTraining<C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  config: C,
  { batch, length, mode = { name: 'parallel' }, weights: isWeighted = false, dropout }: LanguageBatch,
): Pick<Training<P>, 'shapes' | 'batch' | 'loss' | 'weights'> {
  model.check(config);
  const shape = [batch, length];
  const rows = batch * length;
  const drop = dropout && dropper(dropout);
  const slots: Record<string, BatchSlot> = {
    tokens: { shape, kind: 'index' },
    targets: { shape, kind: 'index' },
    ...(drop && { drops: { shape: [countDropped(model, config), ...shape], kind: 'index' } }),
  };
  const logitsOf = (params: P, tokens: Value, drops: Value | undefined): Value =>
    logitsIn(model, config, { batch, length, mode }, params, tokens, drop?.(drops!));
  const shapes = model.shapes(config);
  if (!isWeighted) {
    return {
      shapes,
      batch: slots,
      loss: (params, { tokens, targets, drops }) =>
        div(sum(tokenLosses(logitsOf(params, tokens!, drops), reshape(targets!, [rows]))), rows),
    };
  }
  return {
    shapes,
    batch: { ...slots, weights: { shape } },
    weights: 'weights',
    loss: (params, { tokens, drops, ...wanted }) => weightedLoss(logitsOf(params, tokens!, drops), wanted),
  };
}

/** The logits [b·t, v] of a batch of tokens, from the state before the first. Nothing is dropped unless `drop` is given. */
export function logitsIn<C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  config: C,
  { batch, length, mode = { name: 'parallel' } }: Pick<LanguageBatch, 'batch' | 'length' | 'mode'>,
  params: P,
  tokens: Value,
  drop?: Drop,
): Value {
  const { logits } = model.forward(params, config, tokens, model.start(params, config, batch), mode, drop);
  return reshape(logits, [batch * length, logits.shape.at(-1)!]);
}

/** `Σ w ℓ` of logits [b·t, v] over the targets of a batch, which has `weights`. */
export function weightedLoss(logits: Value, { targets, weights }: Readonly<Record<string, Value>>): Value {
  const rows = logits.shape[0]!;
  return crossEntropySum(logits, { tokens: reshape(targets!, [rows]), weights: reshape(weights!, [rows]) });
}
