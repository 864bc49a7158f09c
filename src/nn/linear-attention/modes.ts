/** @file Selects the algorithm of linear attention by the name of its mode. */
import { byMode, type Mode } from '../mode.ts';
import { chunkwiseLinearAttention } from './chunkwise.ts';
import type { LinearAttention } from './inputs.ts';
import { parallelLinearAttention } from './parallel.ts';
import { recurrentLinearAttention } from './recurrent.ts';

/** Returns linear attention in the given mode. Throws on an unknown mode. */
export const linearAttentionIn = (mode: Mode): LinearAttention =>
  byMode('linearAttention', mode, {
    parallel: parallelLinearAttention,
    chunkwise: chunkwiseLinearAttention,
    recurrent: recurrentLinearAttention,
  });
