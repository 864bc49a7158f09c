/** @file Selects the algorithm of retention without normalisation by the name of its mode. */
import { byMode, type Mode } from '../mode.ts';
import { chunkwiseRetention } from './chunkwise.ts';
import type { Retention } from './inputs.ts';
import { parallelRetention } from './parallel.ts';
import { recurrentRetention } from './recurrent.ts';

/** Returns retention without normalisation in the given mode. Throws on an unknown mode. */
export const retentionIn = (mode: Mode): Retention =>
  byMode('retention', mode, {
    parallel: parallelRetention,
    chunkwise: chunkwiseRetention,
    recurrent: recurrentRetention,
  });
