/** @file Declares retention with torchscale's normalisations: a different function in each mode, with divisors that are constants. */
import { retention } from '../../../../spec/19-retention.ts';
import {
  decayNormalised,
  torchscaleChunkDivisors,
  torchscaleChunkwise,
  torchscaleDivisors,
  torchscaleParallel,
} from '../../../../spec/normalised-retention.ts';
import type { Retention } from '../../../nn/retention/inputs.ts';
import { torchscaleAtOnce, torchscaleInChunks } from '../../../nn/retention/torchscale.ts';
import { defineOperator } from '../../define-operator.ts';
import { exponentialTables } from '../../forms/torchscale-exponentials.ts';
import type { Form } from '../../operator.ts';
import { over } from '../../over.ts';
import type { ModeName } from '../shared/modes.ts';
import {
  laterPosition,
  type RetentionSettings,
  retaining,
  retentionLayouts,
  retentionModes,
  retentionSignature,
} from '../shared/retention.ts';

const exponentials = (
  retentionOf: (settings: RetentionSettings) => Retention,
): Form<RetentionSettings, typeof retentionSignature> => ({
  says: 'exp(n log γ)',
  loses: 'where γ is 0, whose logarithm is −∞',
  program: (inputs, settings) =>
    retaining(({ state, ...call }) => retentionOf(settings)(call, state))(inputs, settings),
});

/** Torchscale's retention. In parallel mode, the initial state changes only the final state, not the outputs. */
export const torchscaleRetention = defineOperator({
  name: 'torchscaleRetention',
  chapter: 'spec/normalised-retention.ts',
  evidence: ['C'],
  signature: retentionSignature,
  layouts: retentionLayouts(0),
  definition: over(
    'bh',
    retentionSignature,
    ({ q, k, v, state }, { decay, chunkSize }: RetentionSettings, { h, mode, frozen }) => {
      const gamma = decay[h]!;
      const rows = {
        parallel: () => torchscaleParallel(q, k, v, gamma, torchscaleDivisors(frozen.q, frozen.k, gamma)),
        chunkwise: () => {
          const divisors = torchscaleChunkDivisors(chunkSize)(frozen.q, frozen.k, frozen.v, gamma, frozen.state);
          return torchscaleChunkwise(chunkSize)(q, k, v, gamma, state, divisors);
        },
        recurrent: () => decayNormalised(q, k, v, gamma, 0, state),
      };
      return { output: rows[mode as ModeName](), state: retention(q, k, v, gamma, state).state };
    },
  ),
  modes: retentionModes('torchscale'),
  says: { parallel: 'tables of powers of γ', chunkwise: 'tables of powers of γ' },
  forms: {
    parallel: {
      exponentials: exponentials(({ position }) => torchscaleAtOnce(position, '', exponentialTables)),
    },
    chunkwise: {
      exponentials: exponentials(({ chunkSize }) => torchscaleInChunks(chunkSize, exponentialTables)),
    },
  },
  reference: 'recurrent',
  modesAgree: () => false,
  apart: 'each mode of torchscale divides its rows by something else',
  admits: ({ position }, mode) => mode !== 'parallel' || position === 0,
  // divisors depend on the position within the chunk, so a split must be at a chunk boundary
  splits: ({ chunkSize }, mode, s) => mode !== 'chunkwise' || s % chunkSize === 0,
  after: laterPosition,
  laws: { heads: 'h', headSettings: ['decay'] },
});
