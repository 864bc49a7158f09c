/** @file Runs a model on a batch of sequences of unequal lengths. */
import type { Batch } from '../nn/batches/batch.ts';
import { eachSequence } from '../nn/batches/each-sequence.ts';
import type { Mode } from '../nn/mode.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import type { LanguageModel, ModelState } from './language-model.ts';

/** Logits [b, t, vocabulary], 0 at padding, and the state of each sequence after its last token. */
export interface BatchModelResult<S extends Tree = Value> {
  readonly logits: Value;
  readonly states: ModelState<S>[];
}

/**
 * Runs a model's `forward` on a padded or packed batch. `tokens` [b, t] may have any token at padding. Each sequence runs alone, as
 * a batch of one, from its own state and position. Throws where tokens or states do not fit the batch, and as `forward` does.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 5, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * const params = initialise(denseRetNet, config, { on: f64, seed: 1 });
 * const empty = denseRetNet.start(params, config, 1);
 * const batch = paddedBatch([[0, 1, 1], [1, 1, 1]]);
 * const { states } = forwardBatch(denseRetNet, params, config, batch, indices([[0, 1, 2], [3, 4, 1]]), [empty, empty], { name: 'parallel' });
 * states.map((state) => state.position) // [2, 3]
 */
export function forwardBatch<C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  params: P,
  config: C,
  batch: Batch,
  tokens: Value,
  states: readonly ModelState<S>[],
  mode: Mode,
): BatchModelResult<S> {
  const run = (one: Value, before: ModelState<S>): { output: Value; state: ModelState<S> } => {
    const { logits, state } = model.forward(params, config, one, before, mode);
    return { output: logits, state };
  };
  const { output, states: after } = eachSequence(batch, 1, run, tokens, states);
  return { logits: output, states: after };
}
