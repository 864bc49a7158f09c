/**
 * @file GLA (gated linear attention) as a language model, and its dense version. The mixer is that of flash-linear-attention [T]: a gate
 * of low rank for each key channel, a gated norm in each head, no convolution. It only composes functions of nn.
 */

import { affine, linear } from '../nn/linear.ts';
import type { LinearAttention } from '../nn/linear-attention/inputs.ts';
import { linearAttentionIn } from '../nn/linear-attention/modes.ts';
import type { Mode } from '../nn/mode.ts';
import { headsLast, splitHeads } from '../nn/multi-head-retention.ts';
import { gatedRmsNorm } from '../nn/norms.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { zerosLike } from '../tensor/operand.ts';
import { neg } from '../tensor/ops.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { site } from '../tensor/primitives/site.ts';
import { softplus } from '../tensor/primitives/softplus.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { checkWhole } from './check.ts';
import { denseLanguageStack, languageStack, type StackConfig, swiGluWidth, type TokenMixer } from './language-stack.ts';

/** Sizes of GLA. */
export interface GlaConfig extends StackConfig {
  readonly heads: number;
  /** Channels of queries, keys and gates, over all heads. */
  readonly keyWidth: number;
  /** Channels of values, over all heads. */
  readonly valueWidth: number;
  /** Rank of the map to the gates. */
  readonly decayRank: number;
  /** The logarithms of decays are divided by it. */
  readonly decayDivisor: number;
}

/** Weights of one layer, [out, in]. */
export type GlaLayer = {
  /** [keyWidth, width] */
  readonly query: Value;
  /** [keyWidth, width] */
  readonly key: Value;
  /** [valueWidth, width] */
  readonly value: Value;
  /** Down [r, width], up [keyWidth, r], bias [keyWidth] */
  readonly decay: { readonly down: Value; readonly up: Value; readonly bias: Value };
  /** [valueWidth, width] */
  readonly outputGate: Value;
  /** [valueWidth / heads] */
  readonly outputNorm: Value;
  /** [width, valueWidth] */
  readonly output: Value;
};

/** State of a layer: S [b, h, d, e]. */
export type GlaLayerState = { readonly memory: Value };

/**
 * Fills in default sizes, as in the source: four heads, keys half as wide as the stream and values as wide, gates of rank 16 divided by
 * 16, a feed-forward network, a separate read-out, ε = 1e-6.
 * @example
 * glaConfig({ vocabulary: 8, width: 64, layers: 2 }).keyWidth // 32
 */
export function glaConfig(sizes: Pick<GlaConfig, 'vocabulary' | 'width' | 'layers'> & Partial<GlaConfig>): GlaConfig {
  return {
    ffnWidth: swiGluWidth(sizes.width),
    tiedHead: false,
    vocabularyMultiple: 1,
    epsilon: 1e-6,
    heads: 4,
    keyWidth: Math.floor(sizes.width / 2),
    valueWidth: sizes.width,
    decayRank: 16,
    decayDivisor: 16,
    ...sizes,
  };
}

/** GLA's mixer, by modes of linear attention. */
export const glaMixer = (
  attentionIn: (mode: Mode) => LinearAttention = linearAttentionIn,
): TokenMixer<GlaConfig, GlaLayer, GlaLayerState> => ({
  name: 'gla',
  call: 'gla',
  check(config, call) {
    checkWhole(call, config, ['heads', 'keyWidth', 'valueWidth', 'decayRank'], 1);
    const { heads, keyWidth, valueWidth, decayDivisor } = config;
    for (const [name, width] of Object.entries({ keyWidth, valueWidth })) {
      if (width % heads !== 0)
        fail(`${call}: ${name} ${width} is not a multiple of ${heads} heads; change one of them`);
    }
    if (typeof decayDivisor !== 'number' || !(decayDivisor > 0 && decayDivisor < Infinity)) {
      fail(`${call}: decayDivisor is ${described(decayDivisor)}; it is a positive number, 16 in the source`);
    }
  },
  shapes({ width, heads, keyWidth, valueWidth, decayRank }) {
    return {
      query: [keyWidth, width],
      key: [keyWidth, width],
      value: [valueWidth, width],
      'decay.down': [decayRank, width],
      'decay.up': [keyWidth, decayRank],
      'decay.bias': [keyWidth],
      outputGate: [valueWidth, width],
      outputNorm: [valueWidth / heads],
      output: [width, valueWidth],
    };
  },
  fresh: (_config, name, shape) => (name === 'decay.bias' ? new Float64Array(sizeOf(shape)) : null),
  widths: ({ keyWidth, valueWidth }) => ({ key: keyWidth, value: valueWidth }),
  start: ({ heads, keyWidth, valueWidth }, like, batch) => ({
    memory: zerosLike(like, [batch, heads, keyWidth / heads, valueWidth / heads]),
  }),
  mix(layer, { heads, keyWidth, decayDivisor, epsilon }, x, before, { mode, path, share }) {
    const { key, value } = share({
      key: site(linear(x, layer.key), `${path}key`),
      value: site(linear(x, layer.value), `${path}value`),
    });
    const logits = affine(linear(x, layer.decay.down), layer.decay.up, layer.decay.bias);
    // log σ(z) = −softplus(−z)
    const gate = scale(softplus(neg(logits)), -1 / decayDivisor);
    const { output, state } = attentionIn(mode)(
      {
        q: scale(splitHeads(linear(x, layer.query), heads), (keyWidth / heads) ** -0.5),
        k: splitHeads(key, heads),
        v: splitHeads(value, heads),
        gate: splitHeads(gate, heads),
      },
      before.memory,
    );
    const gated = gatedHeads(output, linear(x, layer.outputGate), layer.outputNorm, epsilon);
    return { y: site(linear(site(gated, `${path}gated`), layer.output), `${path}output`), state: { memory: state } };
  },
});

/** `rms(o) silu(z)` of each head, with one weight [e] for all heads; o [b, h, t, e], z and the result [b, t, h·e]. */
export function gatedHeads(o: Value, z: Value, weight: Value, epsilon: number): Value {
  const perHead = headsLast(o);
  const rule = { epsilon, groups: 1, normBeforeGate: true };
  return reshape(gatedRmsNorm(perHead, reshape(z, perHead.shape), weight, rule), z.shape);
}

/** GLA as a language model. */
export const gla = languageStack(glaMixer());

/** GLA with a dense hidden connection, our own extension: layers fuse keys and values of the layers before them. */
export const denseGla = denseLanguageStack(glaMixer());
