/** @file Mamba and Mamba-2 as Hugging Face's transformers have them: classes MambaForCausalLM and Mamba2ForCausalLM. */

import { type Mamba2Config, type MambaConfig, mamba, mamba2, mamba2Config, mambaConfig } from '../../models/index.ts';
import { embeddingRows } from '../../models/mamba-config.ts';
import { fail } from '../../tensor/errors.ts';
import type { TensorsOnDisk } from '../safetensors-file.ts';
import { countIn, type Fields, flagIn, numberIn, onlyIn } from './fields.ts';
import { hasInLayer, type MambaDialect, mamba2Places, mambaPlaces } from './mamba-names.ts';
import { type AnyNaming, naming } from './naming.ts';

const dialect: MambaDialect = {
  project: 'transformers',
  embedding: 'backbone.embeddings.weight',
  storesTied: false,
};

/** Whether a config.json is of a model type: ours has the same types, and `width`. */
const isOf = (type: string) => (config: Readonly<Record<string, unknown>>) =>
  config.model_type === type && Object.hasOwn(config, 'hidden_size');

/** Sizes that both have. A config.json has more rows than tokens, and does not say how many tokens there are. */
function sizesIn(fields: Fields, found: TensorsOnDisk) {
  onlyIn(fields, { hidden_act: ['silu', 'swish'] });
  const width = countIn(fields, 'hidden_size');
  return {
    vocabulary: countIn(fields, 'vocab_size'),
    width,
    layers: countIn(fields, 'num_hidden_layers'),
    innerWidth: Math.trunc(numberIn(fields, 'expand', 2) * width),
    stateSize: countIn(fields, 'state_size'),
    convolutionWidth: countIn(fields, 'conv_kernel', 4),
    convolutionBias: flagIn(fields, 'use_conv_bias', hasInLayer(found, 'mixer.conv1d.bias')),
    projectionBias: flagIn(fields, 'use_bias', hasInLayer(found, 'mixer.in_proj.bias')),
    vocabularyMultiple: 1,
    epsilon: numberIn(fields, 'layer_norm_epsilon', 1e-5),
  };
}

/** Their names for what both have. Residuals stay in the precision of the model, and no token ends a text. */
function sizesOut(config: MambaConfig | Mamba2Config): Record<string, unknown> {
  const { width, innerWidth } = config;
  if (innerWidth % width !== 0)
    fail(`transformers: innerWidth ${innerWidth} is no multiple of width ${width}, as expand makes it; choose another`);
  return {
    vocab_size: embeddingRows(config),
    hidden_size: width,
    num_hidden_layers: config.layers,
    expand: innerWidth / width,
    state_size: config.stateSize,
    conv_kernel: config.convolutionWidth,
    use_conv_bias: config.convolutionBias,
    use_bias: config.projectionBias,
    hidden_act: 'silu',
    layer_norm_epsilon: config.epsilon,
    residual_in_fp32: false,
    tie_word_embeddings: config.tiedHead ?? true,
    bos_token_id: null,
    eos_token_id: null,
    pad_token_id: null,
  };
}

export const transformersMamba: AnyNaming = naming<MambaConfig>({
  project: dialect.project,
  model: mamba,
  recognises: isOf('mamba'),
  configIn(fields, found) {
    const sizes = sizesIn(fields, found);
    const isAuto = fields.values.time_step_rank === 'auto';
    return mambaConfig({
      ...sizes,
      innerWidth: countIn(fields, 'intermediate_size', sizes.innerWidth),
      deltaRank: isAuto ? Math.ceil(sizes.width / 16) : countIn(fields, 'time_step_rank'),
      ...(!flagIn(fields, 'tie_word_embeddings', true) && { tiedHead: false }),
    });
  },
  configOut: (config) => ({
    architectures: ['MambaForCausalLM'],
    model_type: 'mamba',
    ...sizesOut(config),
    intermediate_size: config.innerWidth,
    time_step_rank: config.deltaRank,
  }),
  places: (config) => mambaPlaces(config, dialect),
});

/** Step sizes have no limit above this. JSON has no infinity. */
const noLimit = Number.MAX_VALUE;

/** The limits of the step sizes, or none. An infinity is one of Python's, or {"__float__": "Infinity"}. */
function limitIn({ path, values }: Fields): { deltaLimit: [number, number] } | undefined {
  const given = values.time_step_limit ?? [0, Infinity];
  const ends = Array.isArray(given) ? given : [];
  const [least, most] = ends.map((x: unknown) =>
    typeof x === 'number' ? x : Number((x as Fields['values'])?.__float__),
  );
  if (ends.length !== 2 || !(least! <= most!))
    fail(`${path}: time_step_limit is ${JSON.stringify(given)}; it is [least, most]: correct it`);
  return least! <= 0 && most! >= noLimit ? undefined : { deltaLimit: [least!, Math.min(most!, noLimit)] };
}

export const transformersMamba2: AnyNaming = naming<Mamba2Config>({
  project: dialect.project,
  model: mamba2,
  recognises: isOf('mamba2'),
  configIn(fields, found) {
    const sizes = sizesIn(fields, found);
    const [heads, channels] = [countIn(fields, 'num_heads'), countIn(fields, 'head_dim', 64)];
    if (heads * channels !== sizes.innerWidth)
      fail(`${fields.path}: num_heads ${heads} times head_dim ${channels} is not expand · hidden_size; correct one`);
    const groups = countIn(fields, 'n_groups', 1);
    return mamba2Config({
      ...sizes,
      ffnWidth: 0,
      heads,
      groups,
      tiedHead: flagIn(fields, 'tie_word_embeddings', false),
      // whatever the groups of heads are, the norm is over all channels
      ...(groups > 1 && { normGroups: 1 }),
      ...limitIn(fields),
    });
  },
  configOut(config) {
    const { heads, innerWidth, groups, normGroups = groups, deltaLimit } = config;
    if (normGroups !== 1)
      fail(
        `transformers: its Mamba-2 norms all channels together, the model ${normGroups} groups of them; it would be another function (state-spaces has groups)`,
      );
    return {
      architectures: ['Mamba2ForCausalLM'],
      model_type: 'mamba2',
      ...sizesOut(config),
      num_heads: heads,
      head_dim: innerWidth / heads,
      n_groups: groups,
      ...(deltaLimit && { time_step_limit: deltaLimit }),
    };
  },
  places: (config) => mamba2Places(config, dialect),
});
