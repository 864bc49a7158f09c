/**
 * @file DenseMamba: a stack of Mamba's blocks that fuses states of shallow layers into those of deeper ones. It only composes
 * functions of nn. It applies Eqs. 10, 11 and 15 to 18 between the recurrence and the read-out of Mamba's scan.
 */
import {
  carriedRecurrence,
  chunkedMatrixStates,
  denseStates,
  matrixStates,
  type StateOrder,
} from '../nn/dense-states/carry.ts';
import { type StateFusionParams, selectedStates } from '../nn/dense-states/fuse.ts';
import { embedding } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { checkMode, type Mode } from '../nn/mode.ts';
import { rmsNorm } from '../nn/norms.ts';
import { discretised, readStates } from '../nn/selective-scan/discretise.ts';
import { checkScan } from '../nn/selective-scan/inputs.ts';
import { recurrenceIn } from '../nn/selective-scan/modes.ts';
import { add } from '../tensor/primitives/add.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Value } from '../tensor/value.ts';
import { checkDenseMamba, type DenseMambaConfig, denseMambaShapes, freshDenseMamba } from './dense-mamba-config.ts';
import { sourcesOf } from './fusion-shapes.ts';
import {
  checkParameters,
  checkStep,
  dropNothing,
  type LanguageModel,
  type ModelResult,
  type ModelState,
} from './language-model.ts';
import { emptyMambaState } from './mamba.ts';
import { aroundScan, type MambaLayer, type MambaLayerState } from './mamba-block.ts';

/** Weights of one layer: Mamba's, and those of the fusion if the layer has sources. */
export type DenseMambaLayer = MambaLayer & { readonly fusion?: StateFusionParams | undefined };

/** Weights of DenseMamba: `embedding` [rows, d], the read-out `head` [rows, d] unless it is the embedding, and `finalNorm` [d]. */
export type DenseMambaParams = {
  readonly embedding: Value;
  readonly layers: readonly DenseMambaLayer[];
  readonly finalNorm: Value;
  readonly head?: Value | undefined;
};

/** Connections of layers: the states that a layer fuses, nearest layer first, and the input of its gates. */
export interface DenseMambaWiring {
  sources(passed: readonly Value[], config: DenseMambaConfig): Value[];
  gateInput(of: { readonly stream: Value; readonly normed: Value; readonly u: Value }, config: DenseMambaConfig): Value;
}

/** Wiring of the definition: the m preceding layers at the same token. The reading `gateInput` selects the input of the gates. */
export const denseMambaWiring: DenseMambaWiring = {
  sources: (passed, config) => sourcesOf(config, passed.length).map((l) => passed[l]!),
  gateInput: ({ normed, u }, { readings }) => (readings.gateInput === 'normed' ? normed : u),
};

/**
 * Returns whether a mode can compute a configuration. Recurrent mode computes all of them; the other modes need a linear recurrence
 * of the carried states.
 * @example
 * const config = denseMambaConfig({ vocabulary: 8, width: 8, layers: 2, denseLayers: 1 });
 * denseMambaAdmits(config, 'parallel') // true
 */
export const denseMambaAdmits = ({ layers, denseLayers, readings }: DenseMambaConfig, mode: Mode['name']): boolean =>
  mode === 'recurrent' || carriedRecurrence(readings, Math.min(layers - 1, denseLayers)) !== 'nonlinear';

function start(params: DenseMambaParams, config: DenseMambaConfig, batch: number): ModelState<MambaLayerState> {
  checkParameters(denseMamba, params, config);
  return { position: 0, layers: params.layers.map(() => emptyMambaState(params.embedding, config, batch)) };
}

/** Builds the model's `forward` with a given wiring. The model itself has the wiring of the definition. */
export const denseMambaForward =
  (wiring: DenseMambaWiring): LanguageModel<DenseMambaConfig, DenseMambaParams, MambaLayerState>['forward'] =>
  (params, config, tokens, state, mode, drop = dropNothing): ModelResult<MambaLayerState> => {
    checkStep('denseMamba', config.layers, params.layers, tokens, state);
    checkMode('denseMamba', mode);
    const passed: Value[] = [];
    let x = drop(embedding(params.embedding, tokens));
    const layers = params.layers.map((layer, l) => {
      const stream = site(x, `hidden.${l}`);
      const before = state.layers[l]!;
      const result = block({ layer, config, stream, shallower: passed, before, mode, wiring, path: `layers.${l}.` });
      x = add(x, drop(result.y));
      passed.push(result.passed);
      return result.state;
    });
    const hidden = rmsNorm(site(x, `hidden.${params.layers.length}`), params.finalNorm, config.epsilon);
    return {
      logits: linear(hidden, params.head ?? params.embedding),
      state: { position: state.position + tokens.shape[1]!, layers },
    };
  };

/** Arguments of a block. */
interface Block {
  readonly layer: DenseMambaLayer;
  readonly config: DenseMambaConfig;
  /** Residual stream before the block, [b, t, d]. */
  readonly stream: Value;
  /** States that each shallower layer passes on, from layer 0 on. */
  readonly shallower: readonly Value[];
  /** State before the first token. */
  readonly before: MambaLayerState;
  readonly mode: Mode;
  readonly wiring: DenseMambaWiring;
  /** Prefix of the sites' names. */
  readonly path: string;
}

function block({ layer, config, stream, shallower, before, mode, wiring, path }: Block): {
  y: Value;
  state: MambaLayerState;
  passed: Value;
} {
  const normed = site(rmsNorm(stream, layer.inputNorm, config.epsilon), `${path}input`);
  const rule = { readings: config.readings, epsilon: config.epsilon, path };
  const fusion = layer.fusion ?? { gates: [] };
  const { y, conv, scanned } = aroundScan(layer, normed, before.conv, mode, path, (inputs) => {
    checkScan('denseMamba', inputs, before.ssm);
    const { decay, drive } = discretised(inputs);
    const gateInput = wiring.gateInput({ stream, normed, u: inputs.u }, config);
    const selected = selectedStates(wiring.sources(shallower, config), gateInput, fusion, rule);
    const states = denseStates({ decay, drive, selected }, before.ssm, fusion, rule, orderIn(mode, decay));
    return { ...states, output: readStates(states.read, inputs) };
  });
  return { y, state: { conv, ssm: scanned.state }, passed: site(scanned.passed, `${path}passed`) };
}

/** Algorithms of a mode, for a layer's decays. */
const orderIn = (mode: Mode, decay: Value): StateOrder => ({
  mode: mode.name,
  diagonal: (drive, state) => recurrenceIn(mode)(decay, drive, state),
  matrix: (own, drive, state) =>
    mode.name === 'chunkwise'
      ? chunkedMatrixStates(mode.chunkSize, decay, own, drive, state)
      : matrixStates(decay, own, drive, state),
});

/** DenseMamba as a language model. Parallel mode uses the primitive linearScan, or a parallel scan where states are mixed. */
export const denseMamba: LanguageModel<DenseMambaConfig, DenseMambaParams, MambaLayerState> = {
  name: 'dense-mamba',
  check: checkDenseMamba,
  shapes: denseMambaShapes,
  start,
  forward: denseMambaForward(denseMambaWiring),
  fresh: freshDenseMamba,
};
