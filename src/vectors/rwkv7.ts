/** @file Family rwkv7: the generalised delta rule of flash-linear-attention, also as RWKV-7 calls it. */
import { chunkwiseDplr } from '../nn/dplr/chunkwise.ts';
import type { Dplr } from '../nn/dplr/inputs.ts';
import { recurrentDplr } from '../nn/dplr/recurrent.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { zerosLike } from '../tensor/operand.ts';
import { scale } from '../tensor/primitives/scale.ts';
import type { Value } from '../tensor/value.ts';
import type { Adapter } from './case.ts';
import { numberIn } from './config.ts';
import { attentionInputs, sizesIn } from './fla.ts';
import { type NamedValues, probedInModes } from './probed-outputs.ts';

/** Chunks that do not divide most lengths, and chunks that hold a short sequence. */
const chunkSizes = [5, 16];

/** Kinds dplr and rwkv7, in every mode: one function of six inputs. Throws on another layout and on shapes unlike the config's. */
export const rwkv7: Adapter = (testCase) => {
  const sizes = sizesIn(testCase.config);
  const { b, t, h, d, e } = sizes;
  const factor = numberIn(testCase.config, 'scale');
  const by =
    (rule: Dplr) =>
    (given: NamedValues): NamedValues => {
      const of = (name: string): Value => headsLast(given[name]!);
      const inputs = { q: scale(of('q'), factor), k: of('k'), v: of('v'), a: of('a'), b: of('b'), gate: of('gk') };
      const { output, state } = rule(inputs, given.initial_state ?? zerosLike(given.q!, [b, h, d, e]));
      return { o: headsLast(output), final_state: state };
    };
  const chunkwise = chunkSizes.map((size) => [`chunkwise in ${size}`, by(chunkwiseDplr(size))] as const);
  return probedInModes(testCase, {
    inputs: { ...attentionInputs(testCase, sizes), a: [b, t, h, d], b: [b, t, h, d], gk: [b, t, h, d] },
    probes: { o: 'probe_o', final_state: 'probe_final_state' },
    runs: { recurrent: by(recurrentDplr), ...Object.fromEntries(chunkwise) },
  });
};
