/**
 * @file Gated DeltaNet as a language model, and its dense version. The mixer is that of flash-linear-attention [T]: a short convolution
 * of queries, keys and values, the gated delta rule, a gated norm in each head. It only composes functions of nn.
 */
import { rawGates } from '../nn/delta-rule/gates.ts';
import type { DeltaRule } from '../nn/delta-rule/inputs.ts';
import { deltaRuleIn } from '../nn/delta-rule/modes.ts';
import { convolutionIn } from '../nn/depthwise-convolution.ts';
import { linear } from '../nn/linear.ts';
import type { Mode } from '../nn/mode.ts';
import { splitHeads } from '../nn/multi-head-retention.ts';
import { unitLength } from '../nn/unit-length.ts';
import { fail } from '../tensor/errors.ts';
import { zerosLike } from '../tensor/operand.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { sigmoid } from '../tensor/primitives/sigmoid.ts';
import { site } from '../tensor/primitives/site.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { checkFlags, checkWhole } from './check.ts';
import { gatedHeads } from './gla.ts';
import { denseLanguageStack, languageStack, type StackConfig, swiGluWidth, type TokenMixer } from './language-stack.ts';
import { freshStepBias } from './mamba-config.ts';

/** Sizes of Gated DeltaNet. */
export interface GatedDeltaNetConfig extends StackConfig {
  /** Heads of queries and keys. */
  readonly heads: number;
  /** Heads of values, gates and step sizes; neighbouring ones share queries and keys. */
  readonly valueHeads: number;
  /** Channels of queries and keys, over all heads. */
  readonly keyWidth: number;
  /** Channels of values, over all heads. */
  readonly valueWidth: number;
  /** K: taps of the convolution, the current token included. */
  readonly convolutionWidth: number;
  readonly convolutionBias: boolean;
  /** True if step sizes go up to 2, so that the map of a state may have negative eigenvalues. */
  readonly negativeEigenvalues: boolean;
}

/** Weights of one layer, [out, in]. */
export type GatedDeltaNetLayer = {
  /** [keyWidth, width] */
  readonly query: Value;
  /** [keyWidth, width] */
  readonly key: Value;
  /** [valueWidth, width] */
  readonly value: Value;
  /** Shape [2 keyWidth + valueWidth, K]: the channels of queries, keys, values */
  readonly convolution: Value;
  readonly convolutionBias?: Value | undefined;
  /** [valueHeads, width] */
  readonly beta: Value;
  /** [valueHeads, width] */
  readonly decay: Value;
  /** [valueHeads] */
  readonly aLog: Value;
  /** [valueHeads] */
  readonly deltaBias: Value;
  /** [valueWidth, width] */
  readonly outputGate: Value;
  /** [valueWidth / valueHeads] */
  readonly outputNorm: Value;
  /** [width, valueWidth] */
  readonly output: Value;
};

/** State of a layer: the last K inputs of the convolution [b, K, 2 keyWidth + valueWidth], newest last, and S [b, h, d, e]. */
export type GatedDeltaNetLayerState = { readonly conv: Value; readonly memory: Value };

/**
 * Fills in default sizes, as in the source: six heads, keys three quarters as wide as the stream (rounded down to whole heads) and values
 * twice as wide as keys, K = 4 without bias, step sizes up to 1, a feed-forward network, a separate read-out, ε = 1e-6.
 * @example
 * gatedDeltaNetConfig({ vocabulary: 8, width: 64, layers: 2 }).valueWidth // 96
 */
export function gatedDeltaNetConfig(
  sizes: Pick<GatedDeltaNetConfig, 'vocabulary' | 'width' | 'layers'> & Partial<GatedDeltaNetConfig>,
): GatedDeltaNetConfig {
  const { width, heads = 6, valueHeads = heads } = sizes;
  const keyWidth = sizes.keyWidth ?? heads * Math.max(1, Math.floor((0.75 * width) / heads));
  return {
    ffnWidth: swiGluWidth(width),
    tiedHead: false,
    vocabularyMultiple: 1,
    epsilon: 1e-6,
    heads,
    valueHeads,
    keyWidth,
    valueWidth: (2 * keyWidth * valueHeads) / heads,
    convolutionWidth: 4,
    convolutionBias: false,
    negativeEigenvalues: false,
    ...sizes,
  };
}

const mixed = ({ keyWidth, valueWidth }: GatedDeltaNetConfig): number => 2 * keyWidth + valueWidth;

/** ε of the unit length of queries and keys, in the source's kernels. */
const unitLengthEpsilon = 1e-6;

/** Gated DeltaNet's mixer, by modes of the delta rule. Keys are shared before they get length 1. */
export const gatedDeltaNetMixer = (
  ruleIn: (mode: Mode) => DeltaRule = deltaRuleIn,
): TokenMixer<GatedDeltaNetConfig, GatedDeltaNetLayer, GatedDeltaNetLayerState> => ({
  name: 'gated-delta-net',
  call: 'gatedDeltaNet',
  check(config, call) {
    checkWhole(call, config, ['heads', 'valueHeads', 'keyWidth', 'valueWidth', 'convolutionWidth'], 1);
    checkFlags(call, config, ['convolutionBias', 'negativeEigenvalues']);
    const { heads, valueHeads, keyWidth, valueWidth } = config;
    if (keyWidth % heads !== 0)
      fail(`${call}: keyWidth ${keyWidth} is not a multiple of ${heads} heads; change one of them`);
    if (valueWidth % valueHeads !== 0)
      fail(`${call}: valueWidth ${valueWidth} is not a multiple of ${valueHeads} valueHeads; change one of them`);
    if (valueHeads % heads !== 0)
      fail(`${call}: ${valueHeads} valueHeads are not a multiple of ${heads} heads; change one of them`);
  },
  shapes(config) {
    const { width, valueHeads, keyWidth, valueWidth, convolutionWidth, convolutionBias } = config;
    return {
      query: [keyWidth, width],
      key: [keyWidth, width],
      value: [valueWidth, width],
      convolution: [mixed(config), convolutionWidth],
      ...(convolutionBias && { convolutionBias: [mixed(config)] }),
      beta: [valueHeads, width],
      decay: [valueHeads, width],
      aLog: [valueHeads],
      deltaBias: [valueHeads],
      outputGate: [valueWidth, width],
      outputNorm: [valueWidth / valueHeads],
      output: [width, valueWidth],
    };
  },
  // as in the source: decay rates uniform below 16, step sizes of the gates log-uniform; biases of convolutions 0
  fresh(_config, name, shape, random) {
    if (name === 'aLog') {
      return Float64Array.from({ length: sizeOf(shape) }, () => Math.log(16 * (1 - random.uniform())));
    }
    if (name === 'deltaBias') return freshStepBias(shape, random);
    return name === 'convolutionBias' ? new Float64Array(sizeOf(shape)) : null;
  },
  widths: ({ keyWidth, valueWidth }) => ({ key: keyWidth, value: valueWidth }),
  start: (config, like, batch) => ({
    conv: zerosLike(like, [batch, config.convolutionWidth, mixed(config)]),
    memory: zerosLike(like, [
      batch,
      config.valueHeads,
      config.keyWidth / config.heads,
      config.valueWidth / config.valueHeads,
    ]),
  }),
  mix(layer, config, x, before, { mode, path, share }) {
    const { heads, valueHeads, keyWidth, negativeEigenvalues, epsilon } = config;
    const projected = [layer.query, layer.key, layer.value].map((weight) => linear(x, weight));
    const convolved = convolutionIn(mode)(
      {
        x: site(concat(projected, 2), `${path}convolutionInput`),
        weight: layer.convolution,
        bias: layer.convolutionBias,
        activation: 'silu',
      },
      before.conv,
    );
    const part = (from: number, to: number): Value => slice(convolved.output, 2, from, to);
    const { key, value } = share({
      key: site(part(keyWidth, 2 * keyWidth), `${path}key`),
      value: site(part(2 * keyWidth, mixed(config)), `${path}value`),
    });
    const ofLengthOne = (rows: Value): Value => unitLength(splitHeads(rows, heads), 'sum', unitLengthEpsilon);
    const perHead = (weight: Value): Value => transpose(linear(x, weight), [0, 2, 1]);
    const steps = sigmoid(perHead(layer.beta));
    const { output, state } = ruleIn(mode)(
      {
        q: scale(ofLengthOne(part(0, keyWidth)), (keyWidth / heads) ** -0.5),
        k: ofLengthOne(key),
        v: splitHeads(value, valueHeads),
        beta: negativeEigenvalues ? scale(steps, 2) : steps,
        gate: rawGates(perHead(layer.decay), { aLog: layer.aLog, gateBias: layer.deltaBias }),
      },
      before.memory,
    );
    const gated = gatedHeads(output, linear(x, layer.outputGate), layer.outputNorm, epsilon);
    return {
      y: site(linear(site(gated, `${path}gated`), layer.output), `${path}output`),
      state: { conv: convolved.state, memory: state },
    };
  },
});

/** Gated DeltaNet as a language model. */
export const gatedDeltaNet = languageStack(gatedDeltaNetMixer());

/** Gated DeltaNet with a dense hidden connection, our own extension: layers fuse keys and values of the layers before them. */
export const denseGatedDeltaNet = denseLanguageStack(gatedDeltaNetMixer());
