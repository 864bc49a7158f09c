/**
 * @file A second RetNet, without normalisation of retention (Jamie-Stirling/RetNet): xPos positions, layer norms with biases, GELU.
 * Its modes agree to round-off, which shows that torchscale's modes differ only by the normalisation. It only composes functions of
 * nn.
 */
import { gelu, silu } from '../nn/activations.ts';
import { linear } from '../nn/linear.ts';
import type { Mode } from '../nn/mode.ts';
import { headsLast, splitHeads } from '../nn/multi-head-retention.ts';
import { layerNorm } from '../nn/norms.ts';
import { retentionIn } from '../nn/retention/modes.ts';
import { xposRotate } from '../nn/rotary.ts';
import { zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import type { Value } from '../tensor/value.ts';
import { checkState, type ModelState } from './language-model.ts';

/** Weight and bias of a norm. */
export type AffineParams = { readonly weight: Value; readonly bias: Value };

/** Weights of one layer, [out, in]: query, key [h·d, width]; value, outputGate [h·e, width]; output [width, h·e]. */
export type XposRetNetLayer = {
  readonly inputNorm: AffineParams;
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly outputGate: Value;
  readonly output: Value;
  readonly groupNorm: AffineParams;
  readonly ffnNorm: AffineParams;
  readonly ffn: { readonly up: AffineParams; readonly down: AffineParams };
};

/** Settings of all layers: γ of each head, ε of the norms, and the offset of positions in recurrent mode (1 in that code). */
export interface XposRetNetConfig {
  readonly decay: readonly number[];
  readonly epsilon: number;
  readonly recurrentShift: number;
}

/** State before the first token, one [b, h, d, e] per layer. */
export function xposRetNetStart(
  layers: readonly XposRetNetLayer[],
  { decay }: XposRetNetConfig,
  batch: number,
): ModelState {
  const heads = decay.length;
  return {
    position: 0,
    layers: layers.map(({ query, value }) =>
      zerosLike(query, [batch, heads, query.shape[0]! / heads, value.shape[0]! / heads]),
    ),
  };
}

/** Runs the stack on `x` [b, t, width]. Each layer computes `y = retention(norm x) + x`, `x' = ffn(norm y) + y`. */
export function xposRetNet(
  layers: readonly XposRetNetLayer[],
  config: XposRetNetConfig,
  x: Value,
  state: ModelState,
  mode: Mode,
): { output: Value; state: ModelState } {
  checkState('xposRetNet', layers.length, state);
  let output = x;
  const states = layers.map((layer, l) => {
    const norm = (stream: Value, { weight, bias }: AffineParams): Value =>
      layerNorm(stream, weight, bias, config.epsilon);
    const retained = retain(layer, config, norm(output, layer.inputNorm), state.layers[l]!, mode, state.position);
    const mixed = add(retained.output, output);
    output = add(feedForward(layer.ffn, norm(mixed, layer.ffnNorm)), mixed);
    return retained.state;
  });
  return { output, state: { position: state.position + x.shape[1]!, layers: states } };
}

function feedForward({ up, down }: XposRetNetLayer['ffn'], x: Value): Value {
  return add(linear(gelu(add(linear(x, up.weight), up.bias)), down.weight), down.bias);
}

function retain(
  layer: XposRetNetLayer,
  { decay, epsilon, recurrentShift }: XposRetNetConfig,
  x: Value,
  state: Value,
  mode: Mode,
  position: number,
): { output: Value; state: Value } {
  const heads = decay.length;
  const first = position + (mode.name === 'recurrent' ? recurrentShift : 0);
  const split = (weight: Value): Value => splitHeads(linear(x, weight), heads);
  const inputs = {
    q: xposRotate(split(layer.query), first, 1),
    k: xposRotate(split(layer.key), first, -1),
    v: split(layer.value),
    decay,
  };
  const result = retentionIn(mode)(inputs, state);
  const perHead = headsLast(result.output);
  const [h, e] = perHead.shape.slice(2) as [number, number];
  const { weight, bias } = layer.groupNorm;
  const normed = layerNorm(perHead, reshape(weight, [h, e]), reshape(bias, [h, e]), epsilon);
  const gate = silu(linear(x, layer.outputGate));
  return { output: linear(mul(gate, reshape(normed, gate.shape)), layer.output), state: result.state };
}
