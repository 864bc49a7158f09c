/** @file Family mamba, kind mamba_lm: Mamba as a language model, with its intermediates. */
import { type MambaParams, mamba } from '../models/mamba.ts';
import type { MambaLayer } from '../models/mamba-block.ts';
import { embeddingRows, type MambaConfig } from '../models/mamba-config.ts';
import { parallelConvolution } from '../nn/depthwise-convolution.ts';
import { fail } from '../tensor/errors.ts';
import { zerosLike } from '../tensor/operand.ts';
import { pad } from '../tensor/primitives/pad.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, type Answers, answer, type VectorCase } from './case.ts';
import { booleanIn, integerIn, numberIn } from './config.ts';
import { honouredIn } from './honoured.ts';
import { type ModelRuns, modelRuns } from './language-model.ts';
import { type Weights, weightOf, weightsIn } from './weights.ts';

/** The names of a layer's intermediates in the vectors, and our sites. */
const sites: Readonly<Record<string, string>> = {
  mixer_in: 'input',
  ssm_u: 'u',
  x_dbl: 'selection',
  dt_pre_softplus: 'delta',
  gated_y: 'gated',
  mixer_out: 'output',
};

/** Mamba in parallel mode and step by step. Throws on a config that makes no model, on missing and misshaped tensors. */
export const mambaCase: Adapter = (testCase) => {
  const config = configIn(testCase.config);
  const runs = modelRuns(testCase, {
    model: mamba,
    config,
    params: (weights) => paramsOf(weights, config),
    size: [integerIn(testCase.config, 'batch'), integerIn(testCase.config, 'seq_len')],
    labels: 'in/input_ids',
  });
  const steps = runs.inMode({ name: 'recurrent' });
  const inside = Array.from({ length: config.layers }, (_, l) => layerAnswers(testCase, config, l, runs));
  const states = Array.from({ length: config.layers }, (_, l): Answers['tensors'] => ({
    // theirs has time last
    [`out/state.${l}.conv`]: () => answer(transpose(steps().state.layers[l]!.conv, [0, 2, 1])),
    [`out/state.${l}.ssm`]: () => answer(steps().state.layers[l]!.ssm),
  }));
  return {
    tensors: {
      'out/logits': () => answer(runs.parallel()),
      'out/logits_step': () => answer(steps().logits),
      ...runs.learning,
      ...Object.assign({}, ...inside, ...states),
    },
  };
};

function layerAnswers(
  testCase: VectorCase,
  config: MambaConfig,
  l: number,
  { at }: Pick<ModelRuns, 'at'>,
): Answers['tensors'] {
  const path = `layers.${l}.`;
  const named = Object.entries(sites).map(([name, site]) => [name, () => answer(at(`${path}${site}`))] as const);
  const all: Answers['tensors'] = {
    ...Object.fromEntries(named),
    block_out: () => answer(at(`hidden.${l + 1}`)),
    // their convolution goes on into the padding on the right, which they cut off
    conv_out_full: () => {
      const x = at(`${path}convolutionInput`);
      const { convolution: weight, convolutionBias: bias } = layerOf(weightsIn(testCase, x.on), l, config);
      const [b, , e] = x.shape as readonly [number, number, number];
      const k = config.convolutionWidth;
      const longer = pad(x, 1, 0, k - 1);
      const { output } = parallelConvolution({ x: longer, weight, bias }, zerosLike(x, [b, k, e]));
      return answer(transpose(output, [0, 2, 1]));
    },
  };
  return Object.fromEntries(Object.entries(all).map(([name, compute]) => [`inter/${l}/${name}`, compute]));
}

/** The sizes of a Mamba, without any padding of the vocabulary. */
export function mambaSizesIn(config: VectorCase['config']): MambaConfig {
  honouredIn(config, { tie_embeddings: [true] });
  return {
    vocabulary: integerIn(config, 'vocab_size'),
    width: integerIn(config, 'd_model'),
    layers: integerIn(config, 'n_layer'),
    innerWidth: integerIn(config, 'd_inner'),
    stateSize: integerIn(config, 'd_state'),
    deltaRank: integerIn(config, 'dt_rank'),
    convolutionWidth: integerIn(config, 'd_conv'),
    convolutionBias: booleanIn(config, 'conv_bias'),
    projectionBias: booleanIn(config, 'bias'),
    vocabularyMultiple: 1,
    epsilon: numberIn(config, 'rms_norm_eps'),
  };
}

function configIn(config: VectorCase['config']): MambaConfig {
  const sizes = { ...mambaSizesIn(config), vocabularyMultiple: integerIn(config, 'pad_vocab_size_multiple') };
  const rows = integerIn(config, 'padded_vocab_size');
  if (rows !== embeddingRows(sizes)) {
    fail(
      `config.padded_vocab_size is ${rows}; the vocabulary rounded up is ${embeddingRows(sizes)}: correct one of them`,
    );
  }
  return sizes;
}

/** All weights under the names of the vectors. */
export const paramsOf = (weights: Weights, config: MambaConfig): MambaParams => ({
  embedding: weightOf(weights, 'embedding.weight', [embeddingRows(config), config.width]),
  layers: Array.from({ length: config.layers }, (_, l) => layerOf(weights, l, config)),
  finalNorm: weightOf(weights, 'norm_f.weight', [config.width]),
});

/** One layer's weights under the names of the vectors. */
export function layerOf(weights: Weights, l: number, config: MambaConfig): MambaLayer {
  const { width, innerWidth, stateSize, deltaRank, convolutionWidth, convolutionBias, projectionBias } = config;
  const of = (name: string, shape: Shape): Value => weightOf(weights, `layers.${l}.${name}`, shape);
  return {
    inputNorm: of('norm.weight', [width]),
    input: of('mixer.in_proj.weight', [2 * innerWidth, width]),
    ...(projectionBias && { inputBias: of('mixer.in_proj.bias', [2 * innerWidth]) }),
    convolution: reshape(of('mixer.conv1d.weight', [innerWidth, 1, convolutionWidth]), [innerWidth, convolutionWidth]),
    ...(convolutionBias && { convolutionBias: of('mixer.conv1d.bias', [innerWidth]) }),
    selection: of('mixer.x_proj.weight', [deltaRank + 2 * stateSize, innerWidth]),
    delta: of('mixer.dt_proj.weight', [innerWidth, deltaRank]),
    deltaBias: of('mixer.dt_proj.bias', [innerWidth]),
    aLog: of('mixer.A_log', [innerWidth, stateSize]),
    skip: of('mixer.D', [innerWidth]),
    output: of('mixer.out_proj.weight', [width, innerWidth]),
    ...(projectionBias && { outputBias: of('mixer.out_proj.bias', [width]) }),
  };
}
