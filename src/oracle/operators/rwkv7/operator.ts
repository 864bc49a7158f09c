/** @file Declares the generalised delta rule of RWKV-7, whose transition is diagonal plus low rank. */
import { generalisedDeltaRule as definition } from '../../../../spec/generalised-delta-rule.ts';
import { given } from '../../../../spec/notation.ts';
import { chunkwiseDplr, dplrInChunks } from '../../../nn/dplr/chunkwise.ts';
import type { Dplr } from '../../../nn/dplr/inputs.ts';
import { recurrentDplr } from '../../../nn/dplr/recurrent.ts';
import { scale as multiplied } from '../../../tensor/primitives/scale.ts';
import { defineOperator } from '../../define-operator.ts';
import { gateDetails } from '../../draw.ts';
import { byCumulatedLogarithms, byQuotientsOfExponentials } from '../../forms/cumulated-logarithms.ts';
import { withDplrGateDifferences } from '../../forms/dplr-gate-gradients.ts';
import type { Details } from '../../layout.ts';
import type { Form, ProgramOf, Size } from '../../operator.ts';
import { over } from '../../over.ts';
import type { Lengths } from '../../signature.ts';
import { byGates } from '../shared/gated-forms.ts';
import {
  linearAttentionLaws,
  linearAttentionLayouts,
  type ScaledAttentionSettings,
} from '../shared/linear-attention.ts';

const signature = 'q bhtd, k bhtd, v bhte, a bhtd, b bhtd, gate bhtd, state bhde -> output bhte, state bhde';

type Rwkv7Program = ProgramOf<typeof signature, ScaledAttentionSettings>;

/** Makes a program from the rule in a mode or form, for a chunk size. */
const running =
  (ruleOf: (chunkSize: number) => Dplr): Rwkv7Program =>
  ({ state, q, ...inputs }, { scale = 1, chunkSize }) =>
    ruleOf(chunkSize)({ ...inputs, q: multiplied(q, scale) }, state);

/** How many tokens a and b of length 1 may follow each other before the bounds on their products grow large. */
const fewTokens = 12;

/** Details of a and b: of length at most 1, and less in long sequences, so that no state grows much. */
function transitionDetails({ exact }: Size, { t, d }: Lengths): Details {
  const bound = Math.sqrt(Math.min(1, fewTokens / given(t, 't')) / given(d, 'd'));
  return exact ? {} : { between: [-bound, bound] };
}

const modes = { recurrent: running(() => recurrentDplr), chunkwise: running(chunkwiseDplr) };

/** Chunks that kernels have, whichever are asked. */
const kernelChunk = 64;
const ofKernel =
  (ruleOf: (chunkSize: number) => Dplr): Dplr =>
  (inputs, state) =>
    ruleOf(Math.max(1, Math.min(kernelChunk, inputs.q.shape[2]!)))(inputs, state);

const [cumulated, quotients] = [byGates(byCumulatedLogarithms), byGates(byQuotientsOfExponentials)];
const losesDigits = 'after a gate of −∞ (∞ − ∞), and where gates are so large that their rounding outweighs the others';

const differences = (ruleOf: (chunkSize: number) => Dplr): Form<ScaledAttentionSettings, typeof signature> => ({
  says: 'products of decays; the gradient of gates as a reversed cumulative sum of q·dq + a·da − k·dk − b·db, less a·da',
  loses: 'in the gradient of a gate that is small beside a·da of its token, or the terms of later tokens',
  program: running((chunkSize) => withDplrGateDifferences(ruleOf(chunkSize))),
});

export const rwkv7 = defineOperator({
  name: 'rwkv7',
  chapter: 'spec/generalised-delta-rule.ts',
  evidence: ['T'],
  signature,
  perPair: 'd',
  layouts: linearAttentionLayouts(signature, (size, lengths) => ({
    a: transitionDetails(size, lengths),
    b: transitionDetails(size, lengths),
    gate: gateDetails(size),
  })),
  definition: over('bh', signature, ({ gate, state, ...inputs }, { scale = 1 }: ScaledAttentionSettings) =>
    definition({ ...inputs, g: gate }, scale, state),
  ),
  modes,
  says: { recurrent: 'products of decays', chunkwise: 'products of decays' },
  forms: {
    recurrent: { gateDifferences: differences(() => recurrentDplr) },
    chunkwise: {
      gateDifferences: differences(chunkwiseDplr),
      gatesCumulatedInChunks: {
        says: 'exponentials of differences of gates, cumulated within each chunk',
        loses: losesDigits,
        program: running((chunkSize) =>
          withDplrGateDifferences(dplrInChunks('gatesCumulatedInChunks', cumulated)(chunkSize)),
        ),
      },
      inChunksOf64: {
        says: 'chunks of 64 tokens, with exponentials of differences of gates, cumulated within each',
        loses: losesDigits,
        program: running(() => withDplrGateDifferences(ofKernel(dplrInChunks('inChunksOf64', cumulated)))),
      },
      scaledInChunks: {
        says: 'vectors times exponentials of gates, cumulated within each chunk, or divided by them',
        loses: 'where exponentials of cumulated gates underflow or overflow, as after a gate of −∞',
        isFaultThere: true,
        program: running((chunkSize) => withDplrGateDifferences(dplrInChunks('scaledInChunks', quotients)(chunkSize))),
      },
    },
  },
  reference: 'recurrent',
  laws: linearAttentionLaws,
});
