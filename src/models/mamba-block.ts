/**
 * @file Mamba's block: convolution, selection, scan. It only composes functions of nn. The projects state-spaces/mamba and
 * mamba-minimal agree on this block [T].
 */
import { silu } from '../nn/activations.ts';
import { convolutionIn } from '../nn/depthwise-convolution.ts';
import { affine, linear } from '../nn/linear.ts';
import type { Mode } from '../nn/mode.ts';
import { type SelectiveScanInputs, type SelectiveScanResult, tokenMap } from '../nn/selective-scan/inputs.ts';
import { selectiveScanIn } from '../nn/selective-scan/modes.ts';
import { neg } from '../tensor/ops.ts';
import { exp } from '../tensor/primitives/exp.ts';
import { site } from '../tensor/primitives/site.ts';
import { slice } from '../tensor/primitives/slice.ts';
import type { Value } from '../tensor/value.ts';

/** Weights of one layer, [out, in]; d width, E inner width, N states, R rank of the step sizes, K taps. */
export type MambaLayer = {
  /** [d] */
  readonly inputNorm: Value;
  /** Shape [2 E, d]: the channels of the convolution, then those of z */
  readonly input: Value;
  /** [2 E] */
  readonly inputBias?: Value | undefined;
  /** [E, K] */
  readonly convolution: Value;
  /** [E] */
  readonly convolutionBias?: Value | undefined;
  /** Shape [R + 2 N, E]: the channels of δ, then of B, then of C */
  readonly selection: Value;
  /** [E, R] */
  readonly delta: Value;
  /** [E] */
  readonly deltaBias: Value;
  /** Shape [E, N]: A = −exp(aLog) */
  readonly aLog: Value;
  /** D [E] */
  readonly skip: Value;
  /** [d, E] */
  readonly output: Value;
  /** [d] */
  readonly outputBias?: Value | undefined;
};

/** State of a layer: the last K inputs of the convolution [b, K, E], newest last, and the scan's state [b, E, N]. */
export type MambaLayerState = { readonly conv: Value; readonly ssm: Value };

/** Inputs of a block's scan, and the next window of its convolution. */
interface Selected {
  readonly inputs: SelectiveScanInputs;
  readonly conv: Value;
}

/**
 * Computes the scan's inputs from the normed stream `x` [b, t, d]: `[x | z] = W_in x`, `u = silu(conv(x))`, and δ, B and C of u.
 */
function selected(layer: MambaLayer, x: Value, conv: Value, mode: Mode, path: string): Selected {
  const [inner, states] = layer.aLog.shape as readonly [number, number];
  const projected = affine(x, layer.input, layer.inputBias);
  const xs = site(slice(projected, 2, 0, inner), `${path}convolutionInput`);
  const convolved = convolutionIn(mode)({ x: xs, weight: layer.convolution, bias: layer.convolutionBias }, conv);
  const u = site(silu(convolved.output), `${path}u`);
  const mapped = site(linear(u, layer.selection), `${path}selection`);
  const rank = layer.delta.shape[1]!;
  const inputs: SelectiveScanInputs = {
    u,
    delta: site(affine(slice(mapped, 2, 0, rank), layer.delta, layer.deltaBias), `${path}delta`),
    a: neg(exp(layer.aLog)),
    b: tokenMap(slice(mapped, 2, rank, rank + states)),
    c: tokenMap(slice(mapped, 2, rank + states, rank + 2 * states)),
    skip: layer.skip,
    z: slice(projected, 2, inner, 2 * inner),
    deltaSoftplus: true,
  };
  return { inputs, conv: convolved.state };
}

/**
 * Computes `W_out scan(…)` of the normed stream `x` [b, t, d] from a state. Returns [b, t, d] and the next state. `path` is the
 * prefix of the sites' names.
 */
export function mambaBlock(
  layer: MambaLayer,
  x: Value,
  state: MambaLayerState,
  mode: Mode,
  path: string,
): { y: Value; state: MambaLayerState } {
  const { y, conv, scanned } = aroundScan(layer, x, state.conv, mode, path, (inputs) =>
    selectiveScanIn(mode)(inputs, state.ssm),
  );
  return { y, state: { conv, ssm: scanned.state } };
}

/** Computes the block around a given scan: the maps before it, and `W_out` after it. */
export function aroundScan<S extends SelectiveScanResult>(
  layer: MambaLayer,
  x: Value,
  window: Value,
  mode: Mode,
  path: string,
  scan: (inputs: SelectiveScanInputs) => S,
): { y: Value; conv: Value; scanned: S } {
  const { inputs, conv } = selected(layer, x, window, mode, path);
  const scanned = scan(inputs);
  const gated = site(scanned.output, `${path}gated`);
  return { y: site(affine(gated, layer.output, layer.outputBias), `${path}output`), conv, scanned };
}
