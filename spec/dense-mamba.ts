/**
 * @file DenseMamba: Mamba's language model with the fusion of states between recurrence and read-out.
 * For one sequence, from its first token or continued from a state. The paper names the model, but no public code implements it. The
 * block is that of Mamba [T], and the fusion of its states is Eqs. 10, 11 and 15-18 [N, F, R].
 */
import { asRows, type DiagonalStep, denseStates, emptyState } from './dense-states.ts';
import { embed, readOut } from './language-model.ts';
import { type MambaConfig, type MambaLayer, type MambaLayerState, mambaInputs, mambaOutput } from './mamba.ts';
import { add, type Matrix, type Vector } from './notation.ts';
import type { Reading } from './readings.ts';
import { type SelectiveInputs, selectiveOutput, stateMapRow, stepSize } from './selective-ssm.ts';
import type { StateFusion, StateFusionRule, StateReadings } from './state-fusion.ts';

/** The readings that DenseMamba depends on. */
export interface DenseMambaReadings extends StateReadings {
  readonly gateInput: Reading<'gateInput'>;
}

/** The sizes, the connection and the readings of a DenseMamba. */
export interface DenseMambaConfig extends MambaConfig, StateFusionRule {
  readonly readings: DenseMambaReadings;
}

/** The weights of a layer: those of Mamba, and of the fusion where it reads lower layers. */
export interface DenseMambaLayer extends MambaLayer {
  /** Present in layers that have sources. */
  readonly fusion?: StateFusion;
}

/** All weights of a DenseMamba. */
export interface DenseMambaParameters {
  /** [rows][width], also used for the read-out where there is no head */
  readonly embedding: Matrix;
  readonly layers: readonly DenseMambaLayer[];
  /** [width] */
  readonly finalNorm: Vector;
  /** [rows][width], the read-out where it is not the embedding */
  readonly head?: Matrix;
}

/** Logits [t][rows]. For each layer, its state, and the states [t][w] that it passes to deeper layers. */
export interface DenseMambaResult {
  readonly logits: Matrix;
  readonly layers: readonly { readonly state: MambaLayerState; readonly passed: Matrix }[];
}

/**
 * logits = Embed rms(s^L), s^0 = Embed[tokens], s^{l+1} = s^l + block_l(s^l, states passed by the layers before l). Without `states`,
 * these are the first tokens of the sequence. Passed states are used only at their own token, so the state of a sequence has the same
 * parts as in Mamba.
 * Shapes: tokens [t], result [t][rows].
 */
export function denseMamba(
  params: DenseMambaParameters,
  config: DenseMambaConfig,
  tokens: readonly number[],
  states: readonly MambaLayerState[] = [],
): DenseMambaResult {
  let s = embed(params.embedding, tokens);
  const blocks: ReturnType<typeof denseMambaBlock>[] = [];
  for (const [l, layer] of params.layers.entries()) {
    const shallow = blocks.map(({ passed }) => passed);
    blocks.push(denseMambaBlock(layer, config, s, { shallow, state: states[l] }));
    s = s.map((row, t) => add(row, blocks[l]!.output[t]!));
  }
  return { logits: readOut(s, params.finalNorm, params.head ?? params.embedding, config.epsilon), layers: blocks };
}

/** Further inputs of a block: the states that layers before it pass, [l][t][w] (layer 0 first), and its own state, if any. */
interface Around {
  readonly shallow: readonly Matrix[];
  readonly state: MambaLayerState | undefined;
}

/**
 * Mamba's block, with fusion between recurrence and read-out: y = (C h' + D u) silu(z), W_out y. The input of the gates is the normed
 * input of the block, or u.
 * Shapes: s [t][width], output [t][width], passed [t][w].
 */
export function denseMambaBlock(layer: DenseMambaLayer, config: DenseMambaConfig, s: Matrix, around: Around) {
  const { shallow, state } = around;
  const { normed, inputs, window } = mambaInputs(layer, config, s, state?.window);
  const x = config.readings.gateInput === 'normed' ? normed : inputs.u;
  const size = { channels: layer.skip.length, states: config.stateSize };
  const sequence = { steps: s.map((_, t) => selectiveStep(inputs, t)), shallow, x };
  const h0 = state?.scan.flat() ?? emptyState(size);
  const { read, passed, carried } = denseStates(h0, sequence, { fusion: layer.fusion, rule: config, size });
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

/** y_t of all channels, from the states [e][n]. Shapes: result [e]. */
function readOutput({ a, c, u, skip, z }: SelectiveInputs, h: Matrix, t: number): Vector {
  return h.map((row, e) => selectiveOutput(row, stateMapRow(c, t, e, a.length), u[t]![e]!, skip?.[e], z?.[t]?.[e]));
}
