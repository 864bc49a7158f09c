/** @file Family gla: linear attention with a gate for each key channel, of flash-linear-attention. */
import { chunkwiseLinearAttention } from '../nn/linear-attention/chunkwise.ts';
import type { LinearAttention } from '../nn/linear-attention/inputs.ts';
import { parallelLinearAttention } from '../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../nn/linear-attention/recurrent.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { zerosLike } from '../tensor/operand.ts';
import { scale } from '../tensor/primitives/scale.ts';
import type { Adapter } from './case.ts';
import { numberIn } from './config.ts';
import { attentionInputs, sizesIn } from './fla.ts';
import { type NamedValues, probedInModes } from './probed-outputs.ts';

/** Chunks that do not divide most lengths, so that the last one is shorter. */
const chunkSize = 5;

/** Kind gla, in every mode. Throws on another layout and on shapes unlike the config's. */
export const gla: Adapter = (testCase) => {
  const sizes = sizesIn(testCase.config);
  const { b, t, h, d, e } = sizes;
  const factor = numberIn(testCase.config, 'scale');
  const by =
    (attention: LinearAttention) =>
    ({ q, k, v, gk, initial_state }: NamedValues): NamedValues => {
      const inputs = { q: scale(headsLast(q!), factor), k: headsLast(k!), v: headsLast(v!), gate: headsLast(gk!) };
      const { output, state } = attention(inputs, initial_state ?? zerosLike(q!, [b, h, d, e]));
      return { o: headsLast(output), final_state: state };
    };
  return probedInModes(testCase, {
    inputs: { ...attentionInputs(testCase, sizes), gk: [b, t, h, d] },
    probes: { o: 'probe_o', final_state: 'probe_final_state' },
    runs: {
      recurrent: by(recurrentLinearAttention),
      parallel: by(parallelLinearAttention),
      chunkwise: by(chunkwiseLinearAttention(chunkSize)),
    },
  });
};
