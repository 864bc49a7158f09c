/**
 * @file Mamba-2 and its dense version. The mixer is that of state-spaces/mamba [T]: one convolution of x, B and C, the scan of
 * Mamba-2, a gated norm. It only composes functions of nn.
 */

import { convolutionIn } from '../nn/depthwise-convolution.ts';
import { affine } from '../nn/linear.ts';
import type { LinearAttention } from '../nn/linear-attention/inputs.ts';
import { linearAttentionIn } from '../nn/linear-attention/modes.ts';
import { mamba2Scan } from '../nn/mamba2/scan.ts';
import type { Mode } from '../nn/mode.ts';
import { headsLast, splitHeads } from '../nn/multi-head-retention.ts';
import { gatedRmsNorm } from '../nn/norms.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { zerosLike } from '../tensor/operand.ts';
import { neg } from '../tensor/ops.ts';
import { exp } from '../tensor/primitives/exp.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { site } from '../tensor/primitives/site.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { checkFlags, checkWhole } from './check.ts';
import { denseLanguageStack, languageStack, type StackConfig, type TokenMixer } from './language-stack.ts';
import { freshStepBias, uniformWithin } from './mamba-config.ts';

/** Sizes of Mamba-2. */
export interface Mamba2Config extends StackConfig {
  /** E: channels of x and z, over all heads. */
  readonly innerWidth: number;
  readonly heads: number;
  /** G: groups of neighbouring heads that share B and C, and of channels in the last norm. */
  readonly groups: number;
  /** N: rows of a head's state, the width of B and C. */
  readonly stateSize: number;
  /** K: taps of the convolution, the current token included. */
  readonly convolutionWidth: number;
  readonly convolutionBias: boolean;
  /** True if the first and the last linear map of a layer have biases. */
  readonly projectionBias: boolean;
  /** Groups of channels in the last norm, where they are not those of the heads: Hugging Face's transformers have one. */
  readonly normGroups?: number | undefined;
  /** Least and largest step size, if there are limits. */
  readonly deltaLimit?: readonly [least: number, most: number] | undefined;
}

/** Weights of one layer, [out, in]; d width, E inner width, G groups, N states, H heads, K taps. */
export type Mamba2Layer = {
  /** Shape [2 E + 2 G N + H, d]: the channels of z, then those of x, B and C, then δ of each head */
  readonly input: Value;
  readonly inputBias?: Value | undefined;
  /** [E + 2 G N, K] */
  readonly convolution: Value;
  readonly convolutionBias?: Value | undefined;
  /** [H] */
  readonly deltaBias: Value;
  /** Shape [H]: A = −exp(aLog) */
  readonly aLog: Value;
  /** D [H] */
  readonly skip: Value;
  /** [E] */
  readonly outputNorm: Value;
  /** [d, E] */
  readonly output: Value;
  readonly outputBias?: Value | undefined;
};

/** State of a layer: the last K inputs of the convolution [b, K, E + 2 G N], newest last, and the scan's state [b, h, e, n]. */
export type Mamba2LayerState = { readonly conv: Value; readonly ssm: Value };

/**
 * Fills in default sizes, as in the source: E = 2 d, heads of 64 channels, one group, N = 128, K = 4, rows in multiples of 8, ε = 1e-5,
 * no feed-forward network, the embedding as read-out. The convolution has a bias, the projections have none.
 * @example
 * mamba2Config({ vocabulary: 8, width: 64, layers: 2 }).heads // 2
 */
export function mamba2Config(
  sizes: Pick<Mamba2Config, 'vocabulary' | 'width' | 'layers'> & Partial<Mamba2Config>,
): Mamba2Config {
  const innerWidth = sizes.innerWidth ?? 2 * sizes.width;
  return {
    ffnWidth: 0,
    tiedHead: true,
    vocabularyMultiple: 8,
    epsilon: 1e-5,
    innerWidth,
    heads: Math.max(1, Math.floor(innerWidth / 64)),
    groups: 1,
    stateSize: 128,
    convolutionWidth: 4,
    convolutionBias: true,
    projectionBias: false,
    ...sizes,
  };
}

const mixed = ({ innerWidth, groups, stateSize }: Mamba2Config): number => innerWidth + 2 * groups * stateSize;

/** Mamba-2's mixer, by modes of linear attention. By state space duality B are its keys, x its values and C its queries. */
export const mamba2Mixer = (
  attentionIn: (mode: Mode) => LinearAttention = linearAttentionIn,
): TokenMixer<Mamba2Config, Mamba2Layer, Mamba2LayerState> => ({
  name: 'mamba2',
  call: 'mamba2',
  check(config, call) {
    checkWhole(call, config, ['innerWidth', 'heads', 'groups', 'stateSize', 'convolutionWidth'], 1);
    checkFlags(call, config, ['convolutionBias', 'projectionBias']);
    const { innerWidth, heads, groups } = config;
    if (innerWidth % heads !== 0)
      fail(`${call}: innerWidth ${innerWidth} is not a multiple of ${heads} heads; change one of them`);
    if (heads % groups !== 0)
      fail(`${call}: ${heads} heads are not a multiple of ${groups} groups; change one of them`);
    if (config.normGroups !== undefined) checkWhole(call, config, ['normGroups'], 1);
    if (innerWidth % (config.normGroups ?? 1) !== 0)
      fail(
        `${call}: innerWidth ${innerWidth} is not a multiple of normGroups ${config.normGroups}; change one of them`,
      );
    const [least, most] = config.deltaLimit ?? [0, Infinity];
    if (!(least <= most)) fail(`${call}: deltaLimit is ${described(config.deltaLimit)}; it is [least, most]`);
  },
  shapes(config) {
    const { width, innerWidth, heads, convolutionWidth, convolutionBias, projectionBias } = config;
    const rows = innerWidth + mixed(config) + heads;
    return {
      input: [rows, width],
      ...(projectionBias && { inputBias: [rows] }),
      convolution: [mixed(config), convolutionWidth],
      ...(convolutionBias && { convolutionBias: [mixed(config)] }),
      deltaBias: [heads],
      aLog: [heads],
      skip: [heads],
      outputNorm: [innerWidth],
      output: [width, innerWidth],
      ...(projectionBias && { outputBias: [width] }),
    };
  },
  // as in the source: A from −16 to −1, D = 1, step sizes log-uniform; maps uniform within (inputs)^{−1/2}, `output` divided by √layers
  fresh({ layers, width, innerWidth, convolutionWidth }, name, shape, random) {
    const filled = (number: () => number): Float64Array => Float64Array.from({ length: sizeOf(shape) }, number);
    const within = (bound: number): Float64Array => uniformWithin(bound, shape, random);
    switch (name) {
      case 'aLog':
        return filled(() => Math.log(1 + 15 * random.uniform()));
      case 'skip':
        return filled(() => 1);
      case 'deltaBias':
        return freshStepBias(shape, random);
      case 'input':
        return within(width ** -0.5);
      case 'output':
        return within((innerWidth * layers) ** -0.5);
      case 'convolution':
      case 'convolutionBias':
        return within(convolutionWidth ** -0.5);
      case 'inputBias':
      case 'outputBias':
        return filled(() => 0);
      default:
        return null;
    }
  },
  // from N(0, 0.02²) the keys' projections of narrow models would have gradients no larger than the ε of AdamW
  freshMap: (shape, random) => uniformWithin(shape[1]! ** -0.5, shape, random),
  widths: ({ innerWidth, groups, stateSize }) => ({ key: groups * stateSize, value: innerWidth }),
  start: (config, like, batch) => ({
    conv: zerosLike(like, [batch, config.convolutionWidth, mixed(config)]),
    ssm: zerosLike(like, [batch, config.heads, config.innerWidth / config.heads, config.stateSize]),
  }),
  mix(layer, config, u, before, { mode, path, share }) {
    const { innerWidth, heads, groups, stateSize, epsilon } = config;
    const projected = affine(u, layer.input, layer.inputBias);
    const total = innerWidth + mixed(config);
    const inputs = site(slice(projected, 2, innerWidth, total), `${path}convolutionInput`);
    const convolved = convolutionIn(mode)(
      { x: inputs, weight: layer.convolution, bias: layer.convolutionBias, activation: 'silu' },
      before.conv,
    );
    const part = (from: number, to: number): Value => slice(convolved.output, 2, from, to);
    const keys = innerWidth + groups * stateSize;
    const { key, value } = share({
      key: site(part(innerWidth, keys), `${path}key`),
      value: site(part(0, innerWidth), `${path}value`),
    });
    const scanned = mamba2Scan(attentionIn(mode))(
      {
        x: splitHeads(value, heads),
        delta: transpose(slice(projected, 2, total, total + heads), [0, 2, 1]),
        deltaBias: layer.deltaBias,
        deltaSoftplus: true,
        deltaLimit: config.deltaLimit,
        a: neg(exp(layer.aLog)),
        b: splitHeads(key, groups),
        c: splitHeads(part(keys, mixed(config)), groups),
        skip: layer.skip,
      },
      before.ssm,
    );
    const y = reshape(headsLast(scanned.output), value.shape);
    const norm = { epsilon, groups: config.normGroups ?? groups, normBeforeGate: false };
    const gated = site(gatedRmsNorm(y, slice(projected, 2, 0, innerWidth), layer.outputNorm, norm), `${path}gated`);
    return {
      y: site(affine(gated, layer.output, layer.outputBias), `${path}output`),
      state: { conv: convolved.state, ssm: scanned.state },
    };
  },
});

/** Mamba-2 as a language model. */
export const mamba2 = languageStack(mamba2Mixer());

/** Mamba-2 with a dense hidden connection, our own extension: layers fuse the B and x of the layers before them. */
export const denseMamba2 = denseLanguageStack(mamba2Mixer());
