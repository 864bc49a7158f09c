/** @file Turns a language model into a training problem: its parameters, batches of tokens, and the loss of next-token prediction. */
import type { LanguageModel } from '../models/language-model.ts';
import { crossEntropy } from '../nn/cross-entropy.ts';
import type { Mode } from '../nn/mode.ts';
import { filledLike } from '../tensor/operand.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Training } from './steps.ts';

/** Size of a batch: its rows, the tokens of a row, and the model's mode, which is parallel unless given. */
export interface LanguageBatch {
  readonly batch: number;
  readonly length: number;
  readonly mode?: Mode;
}

/**
 * Describes parameters, batches and loss of a language model, for {@link trainingSteps}. A batch is `tokens` and `targets` [b, t]
 * (kind index): the input, and the token to predict at each position. The loss is the mean of `−log softmax(logits)[target]`, from
 * the state before the first token. Throws on an invalid configuration.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * languageTraining(denseRetNet, config, { batch: 2, length: 5 }).batch.tokens.shape // [2, 5]
 */
export function languageTraining<C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  config: C,
  { batch, length, mode = { name: 'parallel' } }: LanguageBatch,
): Pick<Training<P>, 'shapes' | 'batch' | 'loss'> {
  model.check(config);
  const shape = [batch, length];
  const rows = batch * length;
  return {
    shapes: model.shapes(config),
    batch: { tokens: { shape, kind: 'index' }, targets: { shape, kind: 'index' } },
    loss(params, { tokens, targets }) {
      const { logits } = model.forward(params, config, tokens!, model.start(params, config, batch), mode);
      const columns = logits.shape.at(-1)!;
      const wanted = { tokens: reshape(targets!, [rows]), weights: filledLike(logits, 1, [rows]) };
      return crossEntropy(reshape(logits, [rows, columns]), wanted);
    },
  };
}
