/** @file Family mamba2_scan: the scan of Mamba-2 with the options of its source. */
import { chunkwiseLinearAttention } from '../nn/linear-attention/chunkwise.ts';
import type { LinearAttention } from '../nn/linear-attention/inputs.ts';
import { parallelLinearAttention } from '../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../nn/linear-attention/recurrent.ts';
import { mamba2Scan } from '../nn/mamba2/scan.ts';
import { biasedDelta, mamba2Steps } from '../nn/mamba2/steps.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { once } from '../tensor/once.ts';
import { zerosLike } from '../tensor/operand.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Adapter, answer, realIn, type VectorCase } from './case.ts';
import { booleanIn, choiceIn, integerIn, numbersOrNullIn } from './config.ts';
import { type NamedValues, probedOutputs } from './probed-outputs.ts';
import { softplusBelow20 } from './softplus.ts';

/** The lengths of the axes. */
export interface Sizes {
  readonly b: number;
  readonly t: number;
  readonly g: number;
  readonly h: number;
  readonly e: number;
  readonly n: number;
}

/**
 * Kind mamba2_scan: in every mode, and in chunks of all the case's sizes. Gradients are of Σ out ∘ probe_out + Σ final_state ∘ probe_final_state.
 * Throws on a config without a formula, on missing and misshaped tensors.
 */
export const mamba2ScanCase: Adapter = (testCase) => {
  const { config } = testCase;
  const sizes: Sizes = {
    b: integerIn(config, 'batch'),
    t: integerIn(config, 'seq_len'),
    g: integerIn(config, 'groups'),
    h: integerIn(config, 'heads'),
    e: integerIn(config, 'headdim'),
    n: integerIn(config, 'dstate'),
  };
  const inputs = inputShapes(testCase, sizes);
  const scanned = scanOf(config, sizes);
  const answers = (attention: LinearAttention) =>
    probedOutputs(testCase, {
      inputs,
      probes: { out: 'probe_out', final_state: 'probe_final_state' },
      run: scanned(attention),
    });
  const given = once(() =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, shape]) => [name, realIn(testCase, `in/${name}`, shape)] as const),
    ),
  );
  const chunkSizes = numbersOrNullIn(config, 'chunk_sizes') ?? [];
  const inChunks = chunkSizes.map((size) => {
    const result = once(() => scanned(chunkwiseLinearAttention(size))(given()));
    return {
      [`out/out_chunk.${size}`]: () => answer(result().out!),
      [`out/final_state_chunk.${size}`]: () => answer(result().final_state!),
    };
  });
  return {
    tensors: { ...answers(recurrentLinearAttention), ...Object.assign({}, ...inChunks) },
    modes: {
      parallel: answers(parallelLinearAttention),
      chunkwise: answers(chunkwiseLinearAttention(chunkSizes[0] ?? 4)),
    },
  };
};

/** The shapes of all inputs, with time before heads. */
export function inputShapes(
  { config }: Pick<VectorCase, 'config'>,
  { b, t, g, h, e, n }: Sizes,
): Record<string, Shape> {
  const perChannel = choiceIn(config, 'dt_per', ['head', 'channel']) === 'channel' ? [e] : [];
  const skip = choiceIn(config, 'D', ['head', 'channel', null]);
  return {
    ...{ x: [b, t, h, e], dt: [b, t, h, ...perChannel], A: [h], B: [b, t, g, n], C: [b, t, g, n] },
    ...(skip !== null && { D: skip === 'channel' ? [h, e] : [h] }),
    ...(booleanIn(config, 'has_z') && { z: [b, t, h, e] }),
    ...(booleanIn(config, 'has_dt_bias') && { dt_bias: [h, ...perChannel] }),
    ...(booleanIn(config, 'initial_state') && { initial_state: [b, h, e, n] }),
  };
}

/** The limits of step sizes: a pair, or none. */
function limitIn(config: VectorCase['config']): readonly [number, number] | undefined {
  const limit = numbersOrNullIn(config, 'dt_limit');
  if (limit === null) return undefined;
  const [low = Number.NaN, high = Number.NaN] = limit;
  return [low, high];
}

/** The scan by a mode of linear attention. */
export function scanOf(config: VectorCase['config'], { b, h, e, n }: Sizes) {
  const isSoftplus = booleanIn(config, 'dt_softplus');
  const deltaLimit = limitIn(config);
  return (attention: LinearAttention) =>
    (given: NamedValues): NamedValues => {
      const x = headsLast(given.x!);
      const dt = given.dt!;
      const delta = dt.shape.length === 4 ? headsLast(dt) : transpose(dt, [0, 2, 1]);
      const biased = biasedDelta({ delta, deltaBias: given.dt_bias });
      const steps = isSoftplus ? softplusBelow20(biased) : biased;
      const inputs = {
        x,
        delta: mamba2Steps({ delta: steps, deltaSoftplus: false, deltaLimit }),
        a: given.A!,
        b: headsLast(given.B!),
        c: headsLast(given.C!),
        skip: given.D,
        z: given.z && headsLast(given.z),
        deltaSoftplus: false,
      };
      const { output, state } = mamba2Scan(attention)(inputs, given.initial_state ?? zerosLike(x, [b, h, e, n]));
      return { out: headsLast(output), final_state: state };
    };
}
