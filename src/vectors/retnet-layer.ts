/** @file Family retnet, kind torchscale_msr: one layer of multi-scale retention. */
import { valueAndGrad, vjp } from '../autograd/vjp.ts';
import { type MultiScaleRetentionParams, multiScaleRetention } from '../models/retnet.ts';
import type { Mode } from '../nn/mode.ts';
import { once } from '../tensor/once.ts';
import { zerosLike } from '../tensor/operand.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, answer, realIn } from './case.ts';
import { integerIn, numberIn } from './config.ts';
import { channelsPerHead } from './honoured.ts';
import { numbersWanted, withPrecisions } from './names.ts';
import { probed } from './objective.ts';
import { stateAnswers } from './official-state.ts';
import { bufferAnswers, chunkTables, parallelTables } from './position-tables.ts';
import { gradientAnswers, type Weights, weightOf, weightsIn } from './weights.ts';

/** The parameters from torchscale's weights, whose names `prefix` begins. Throws on missing and misshaped ones. */
export function retentionParams(
  weights: Weights,
  prefix: string,
  { width, valueWidth }: { readonly width: number; readonly valueWidth: number },
): MultiScaleRetentionParams {
  const of = (name: string, shape: readonly number[]): Value => weightOf(weights, `${prefix}${name}.weight`, shape);
  return {
    query: of('q_proj', [width, width]),
    key: of('k_proj', [width, width]),
    value: of('v_proj', [valueWidth, width]),
    outputGate: of('g_proj', [valueWidth, width]),
    output: of('out_proj', [width, valueWidth]),
  };
}

/** The readings of torchscale's layers, and the position at which its recurrent mode starts to rotate. [C] */
export const torchscaleReadings = { retentionNorm: 'torchscale', rotationPhase: 'p' } as const;

/**
 * One layer in each mode; gradients are of `Σ out/parallel ∘ in/probe`.
 * Throws on sizes that make no layer, on missing and misshaped tensors.
 */
export const retNetLayerCase: Adapter = (testCase) => {
  const { config } = testCase;
  const [b, t] = [integerIn(config, 'batch'), integerIn(config, 'seq_len')];
  const heads = integerIn(config, 'num_heads');
  const sizes = { width: integerIn(config, 'embed_dim'), valueWidth: integerIn(config, 'value_dim') };
  const d = channelsPerHead(config, 'embed_dim', heads, 2);
  const e = channelsPerHead(config, 'value_dim', heads);
  const layer = { heads, epsilon: numberIn(config, 'layernorm_eps'), ...torchscaleReadings };
  const run = ({ x, weights }: { x: Value; weights: Weights }, mode: Mode): { output: Value; state: Value } =>
    multiScaleRetention(retentionParams(weights, '', sizes), layer, x, zerosLike(x, [b, heads, d, e]), mode);

  const given = once(() => ({ x: realIn(testCase, 'in/x', [b, t, sizes.width]), weights: weightsIn(testCase) }));
  const inMode = (mode: Mode) => once(() => run(given(), mode));
  const parallel = once(() => vjp((inputs) => run(inputs, { name: 'parallel' }).output, given()));
  const gradient = once(() => parallel().pullback(valueAndGrad(probed(testCase), parallel().value).gradient));
  const recurrent = inMode({ name: 'recurrent' });
  const chunkwise = numbersWanted(testCase, /^out\/chunkwise\.(\d+)$/).map((chunkSize) => {
    const result = inMode({ name: 'chunkwise', chunkSize });
    return [`out/chunkwise.${chunkSize}`, () => answer(result().output)] as const;
  });
  const tables = numbersWanted(testCase, /^inter\/chunk\.(\d+)\./).map((c) => chunkTables(heads, c));
  return {
    tensors: withPrecisions(testCase, {
      'out/parallel': () => answer(parallel().value),
      'out/recurrent': () => answer(recurrent().output),
      ...Object.fromEntries(chunkwise),
      ...stateAnswers('out/state', () => recurrent().state, heads, t),
      'grad/in/x': () => answer(gradient().x),
      ...gradientAnswers(testCase, () => gradient().weights),
      ...bufferAnswers('buffer/', { heads, d }),
      ...parallelTables({ heads, d }, t),
      ...Object.assign({}, ...tables),
    }),
  };
};
