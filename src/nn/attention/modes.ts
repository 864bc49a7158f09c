/** @file Selects the algorithm of softmax attention by the name of its mode. */
import { byMode, type Mode } from '../mode.ts';
import { chunkwiseAttention } from './chunkwise.ts';
import type { Attention } from './inputs.ts';
import { parallelAttention } from './parallel.ts';
import { recurrentAttention } from './recurrent.ts';

/**
 * Returns softmax attention in the given mode. Throws on an unknown mode.
 * @example
 * const inputs = { q: tensor([[[[1]]]]), k: tensor([[[[1]]]]), v: tensor([[[[7]]]]), factor: 1 };
 * read(attentionIn({ name: 'recurrent' })(inputs, emptyCache(inputs)).output) // [7]
 */
export const attentionIn = (mode: Mode): Attention =>
  byMode('attention', mode, {
    parallel: parallelAttention,
    chunkwise: chunkwiseAttention,
    recurrent: recurrentAttention,
  });
