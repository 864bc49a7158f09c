/** @file Mamba and Mamba-2 as state-spaces/mamba has them: class MambaLMHeadModel. */
import { type Mamba2Config, type MambaConfig, mamba, mamba2, mamba2Config, mambaConfig } from '../../models/index.ts';
import { fail } from '../../tensor/errors.ts';
import type { TensorsOnDisk } from '../safetensors-file.ts';
import { countIn, type Fields, flagIn, noOthersIn, numberIn, objectIn, onlyIn } from './fields.ts';
import { firstLayer, hasInLayer, type MambaDialect, mamba2Places, mambaPlaces } from './mamba-names.ts';
import { type AnyNaming, naming } from './naming.ts';

const dialect: MambaDialect = {
  project: 'state-spaces',
  embedding: 'backbone.embedding.weight',
  storesTied: true,
};

/** Settings of a mixer that change its initial weights or its speed alone. */
const harmless = [
  ...['dt_min', 'dt_max', 'dt_init', 'dt_scale', 'dt_init_floor', 'conv_init', 'A_init_range'],
  ...['chunk_size', 'use_fast_path', 'use_mem_eff_path', 'sequence_parallel', 'layer'],
];

const read = ['d_state', 'd_conv', 'expand', 'bias', 'conv_bias'];

const layerOf = (config: Readonly<Record<string, unknown>>): unknown =>
  (config.ssm_cfg as Record<string, unknown> | null | undefined)?.layer ?? 'Mamba1';

/** Whether a config.json is of the project, with a kind of layer. */
const isOf = (layer: string) => (config: Readonly<Record<string, unknown>>) =>
  Object.hasOwn(config, 'd_model') && Object.hasOwn(config, 'n_layer') && layerOf(config) === layer;

const usualStates = { Mamba1: 16, Mamba2: 128 };

/** Sizes that both have. */
function sizesIn(fields: Fields, mixer: Fields, found: TensorsOnDisk, layer: keyof typeof usualStates) {
  onlyIn(fields, {
    rms_norm: [true],
    attn_layer_idx: [[]],
    bidirectional: [false],
  });
  const width = countIn(fields, 'd_model');
  return {
    vocabulary: countIn(fields, 'vocab_size'),
    width,
    layers: countIn(fields, 'n_layer'),
    innerWidth: Math.trunc(numberIn(mixer, 'expand', 2) * width),
    stateSize: countIn(mixer, 'd_state', usualStates[layer]),
    convolutionWidth: countIn(mixer, 'd_conv', 4),
    convolutionBias: flagIn(mixer, 'conv_bias', hasInLayer(found, 'mixer.conv1d.bias')),
    projectionBias: flagIn(mixer, 'bias', hasInLayer(found, 'mixer.in_proj.bias')),
    vocabularyMultiple: countIn(fields, 'pad_vocab_size_multiple', 1),
    epsilon: numberIn(fields, 'norm_epsilon', 1e-5),
  };
}

/** Their config.json. Their code has one epsilon, which no config.json changes. */
function configOut(config: MambaConfig | Mamba2Config, mixer: Record<string, unknown>, ffnWidth: number) {
  const { width, innerWidth, epsilon } = config;
  if (epsilon !== 1e-5)
    fail(`state-spaces: epsilon is ${epsilon}, there 1e-5; it would be another function, export it otherwise`);
  if (innerWidth % width !== 0)
    fail(`state-spaces: innerWidth ${innerWidth} is no multiple of width ${width}, as expand makes it; choose another`);
  return {
    d_model: width,
    d_intermediate: ffnWidth,
    n_layer: config.layers,
    vocab_size: config.vocabulary,
    ssm_cfg: {
      ...mixer,
      d_state: config.stateSize,
      d_conv: config.convolutionWidth,
      expand: innerWidth / width,
      bias: config.projectionBias,
      conv_bias: config.convolutionBias,
    },
    attn_layer_idx: [],
    attn_cfg: {},
    rms_norm: true,
    residual_in_fp32: true,
    fused_add_norm: true,
    pad_vocab_size_multiple: config.vocabularyMultiple,
    tie_embeddings: config.tiedHead ?? true,
  };
}

export const stateSpacesMamba: AnyNaming = naming<MambaConfig>({
  project: dialect.project,
  model: mamba,
  recognises: isOf('Mamba1'),
  configIn(fields, found) {
    onlyIn(fields, { d_intermediate: [0] });
    const mixer = objectIn(fields, 'ssm_cfg');
    noOthersIn(mixer, [...harmless, ...read, 'dt_rank']);
    const sizes = sizesIn(fields, mixer, found, 'Mamba1');
    const isAuto = (mixer.values.dt_rank ?? 'auto') === 'auto';
    return mambaConfig({
      ...sizes,
      deltaRank: isAuto ? Math.ceil(sizes.width / 16) : countIn(mixer, 'dt_rank'),
      ...(!flagIn(fields, 'tie_embeddings', true) && { tiedHead: false }),
    });
  },
  configOut: (config) => configOut(config, { layer: 'Mamba1', dt_rank: config.deltaRank }, 0),
  places: (config) => mambaPlaces(config, dialect),
});

/** Their network is fc2 (y ⊙ silu(gate)) with [y | gate] = fc1 x. */
const ffn = {
  ffnNorm: 'norm2.weight',
  'ffn.up': 'mlp.fc1.weight',
  'ffn.gate': 'mlp.fc1.weight',
  'ffn.down': 'mlp.fc2.weight',
};

export const stateSpacesMamba2: AnyNaming = naming<Mamba2Config>({
  project: dialect.project,
  model: mamba2,
  recognises: isOf('Mamba2'),
  configIn(fields, found) {
    // the last norm of a mixer has this epsilon, whatever that of the others is
    onlyIn(fields, { norm_epsilon: [1e-5] });
    const mixer = objectIn(fields, 'ssm_cfg');
    noOthersIn(mixer, [
      ...harmless,
      ...read,
      ...['headdim', 'ngroups', 'd_ssm', 'D_has_hdim', 'rmsnorm', 'norm_before_gate', 'dt_limit'],
    ]);
    const sizes = sizesIn(fields, mixer, found, 'Mamba2');
    onlyIn(mixer, { D_has_hdim: [false], rmsnorm: [true], norm_before_gate: [false], d_ssm: [null, sizes.innerWidth] });
    onlyIn(mixer, { dt_limit: [[0, Infinity]] });
    const channels = countIn(mixer, 'headdim', 64);
    // their network's width is a multiple of 128, so that of the weights counts
    const isFed = numberIn(fields, 'd_intermediate', 0) > 0;
    return mamba2Config({
      ...sizes,
      ffnWidth: isFed ? (found.tensors.get(`${firstLayer}mlp.fc2.weight`)?.shape[1] ?? 0) : 0,
      heads: sizes.innerWidth / channels,
      groups: countIn(mixer, 'ngroups', 1),
      tiedHead: flagIn(fields, 'tie_embeddings', true),
    });
  },
  configOut(config) {
    const { groups, normGroups = groups, heads, innerWidth, ffnWidth, deltaLimit } = config;
    const problem =
      (normGroups !== groups &&
        `the last norm has ${normGroups} groups, in state-spaces as many as the heads, ${groups}`) ||
      (ffnWidth % 128 !== 0 && `ffnWidth is ${ffnWidth}, in state-spaces a multiple of 128`) ||
      (deltaLimit !== undefined && 'step sizes have limits');
    if (problem) fail(`state-spaces: ${problem}; it would be another function, export it otherwise`);
    return configOut(config, { layer: 'Mamba2', headdim: innerWidth / heads, ngroups: groups }, ffnWidth);
  },
  places: (config) => mamba2Places(config, dialect, ffn),
});
