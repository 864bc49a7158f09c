/**
 * @file DenseMamba: the whole language model for one sequence, from the first token on or continuing another one. The paper names it and
 * no public code has it: the block is Mamba's [T], the fusion of its states Eqs. 10, 11 and 15-18 [N, F, R].
 */
import {
  asRows,
  type DiagonalStep,
  denseStates,
  type StateFusion,
  type StateFusionRule,
  type StateReadings,
} from './dense-states.ts';
import { embed, readOut } from './language-model.ts';
import { type MambaConfig, type MambaLayer, type MambaLayerState, mambaInputs, mambaOutput } from './mamba.ts';
import { add, given, type Matrix, type Vector, zeros } from './notation.ts';
import type { Reading } from './readings.ts';
import { rmsNormRows } from './rms-norm.ts';
import { type SelectiveInputs, selectiveOutput, stateMapRow, stepSize } from './selective-ssm.ts';

/** The readings that DenseMamba depends on. */
export interface DenseMambaReadings extends StateReadings {
  readonly gateInput: Reading<'gateInput'>;
}

export interface DenseMambaConfig extends MambaConfig, StateFusionRule {
  readonly readings: DenseMambaReadings;
}

export interface DenseMambaLayer extends MambaLayer {
  /** Only in layers that have sources. */
  readonly fusion?: StateFusion;
}

export interface DenseMambaParameters {
  /** [rows][width]: also the read-out */
  readonly embedding: Matrix;
  readonly layers: readonly DenseMambaLayer[];
  /** [width] */
  readonly finalNorm: Vector;
}

/** Logits [t][rows], a state per layer, and what each layer passed to deeper ones, [l][t][w] (layer 0 first). */
export interface DenseMambaResult {
  readonly logits: Matrix;
  readonly states: readonly MambaLayerState[];
  readonly passed: readonly Matrix[];
}

/**
 * logits = Embed rms(s^L), s^0 = Embed[tokens], s^{l+1} = s^l + block_l(s^l, what the layers before l passed). Without states, the
 * tokens are the first ones. What layers pass does not outlive its token: the states are Mamba's.
 * Shapes: tokens [t], result [t][rows].
 */
export function denseMamba(
  params: DenseMambaParameters,
  config: DenseMambaConfig,
  tokens: readonly number[],
  states: readonly MambaLayerState[] = [],
): DenseMambaResult {
  let s = embed(params.embedding, tokens);
  const [left, passed]: [MambaLayerState[], Matrix[]] = [[], []];
  for (let l = 0; l < config.layers; l++) {
    const block = denseMambaBlock(given(params.layers[l], `layer ${l}`), config, s, passed, states[l]);
    s = s.map((row, t) => add(row, block.output[t]!));
    left.push(block.state);
    passed.push(block.passed);
  }
  return { logits: readOut(s, params.finalNorm, params.embedding, config.epsilon), states: left, passed };
}

/**
 * Mamba's block with the fusion between its recurrence and its read-out: y = (C h' + D u) silu(z), W_out y.
 * Shapes: s [t][width], shallow [l][t][w] (layer 0 first), output [t][width], passed [t][w].
 */
export function denseMambaBlock(
  layer: DenseMambaLayer,
  config: DenseMambaConfig,
  s: Matrix,
  shallow: readonly Matrix[],
  state?: MambaLayerState,
) {
  const size = { channels: layer.skip.length, states: config.stateSize };
  const { inputs, window } = mambaInputs(layer, config, s, state?.window);
  const normed = rmsNormRows(s, layer.inputNorm, config.epsilon);
  const x = config.readings.gateInput === 'normed' ? normed : inputs.u;
  const steps = s.map((_, t) => selectiveStep(inputs, t));
  const h0 = (state?.scan ?? zeros(size.channels, size.states)).flat();
  const { read, passed, carried } = denseStates(h0, steps, shallow, x, layer.fusion, config, size);
  const y = read.map((h, t) => readOutput(inputs, asRows(h, size), t));
  return { output: mambaOutput(layer, y), passed, state: { window, scan: asRows(carried, size) } };
}

/** Decay exp(Δ A) and drive Δ B u of every channel and state at token t, as in Mamba [T]. Shapes: [w] each. */
export function selectiveStep(inputs: SelectiveInputs, t: number): DiagonalStep {
  const { a, b, u } = inputs;
  const row = (e: number) => stateMapRow(b, t, e, a.length);
  return {
    decay: a.flatMap((rates, e) => rates.map((rate) => Math.exp(stepSize(inputs, t, e) * rate))),
    drive: a.flatMap((_, e) => row(e).map((entry) => stepSize(inputs, t, e) * entry * u[t]![e]!)),
  };
}

/** y_t of states [e][n], in every channel. Shapes: result [e]. */
function readOutput({ a, c, u, skip, z }: SelectiveInputs, h: Matrix, t: number): Vector {
  return h.map((row, e) => selectiveOutput(row, stateMapRow(c, t, e, a.length), u[t]![e]!, skip?.[e], z?.[t]?.[e]));
}
