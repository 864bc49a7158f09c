/**
 * @file A stack of time-invariant diagonal state space models with a dense hidden connection: no norm, no embedding. It only
 * composes functions of nn. It applies Eqs. 5 (zero-order hold), 6, 10, 11, 13 to 18, and Eq. 14 in convolution mode.
 */
import { silu } from '../nn/activations.ts';
import { checkAxes } from '../nn/check.ts';
import { type CarriedRecurrence, carriedRecurrence, denseStates, type StateOrder } from '../nn/dense-states/carry.ts';
import { type StateFusionParams, type StateReadings, selectedStates } from '../nn/dense-states/fuse.ts';
import { linear } from '../nn/linear.ts';
import { type DiscreteModel, discretise } from '../nn/ssm/discretise.ts';
import { matrixForm, realForm } from '../nn/ssm/form.ts';
import { emptySsmState, ssmAxes } from '../nn/ssm/inputs.ts';
import { type SsmMode, statesIn } from '../nn/ssm/modes.ts';
import { fail } from '../tensor/errors.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { site } from '../tensor/primitives/site.ts';
import type { Rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { checkEpsilon, checkReadingsOnly, checkWhole } from './check.ts';
import { freshFusion, sourcesOf } from './fusion-shapes.ts';
import { checkParameters, type Parametrised } from './language-model.ts';
import { paperStateReadings, stateChoices, stateFusionShapes } from './state-fusion.ts';

/** Sizes and readings of a stack. The input of a layer is also that of its gates. */
export interface DenseSsmConfig {
  /** E: channels. */
  readonly width: number;
  /** N: states per channel. */
  readonly stateSize: number;
  readonly layers: number;
  /** m: number of shallower layers that connect to each layer. */
  readonly denseLayers: number;
  /** r: width of a gate's hidden layer; 0 closes every gate. */
  readonly gateRank: number;
  /** ε of the norm of fused states, if any. */
  readonly epsilon: number;
  readonly readings: StateReadings;
}

/**
 * Fills in defaults: N = 16, a gate rank of ⌊E/32⌋ but at least 1, ε 1e-5. Readings are the paper's where it decides them.
 * @example
 * denseSsmConfig({ width: 8, layers: 2, denseLayers: 1 }).stateSize // 16
 */
export function denseSsmConfig(
  sizes: Pick<DenseSsmConfig, 'width' | 'layers' | 'denseLayers'> & Partial<DenseSsmConfig>,
): DenseSsmConfig {
  const gateRank = Math.max(1, Math.floor(sizes.width / 32));
  return { stateSize: 16, gateRank, epsilon: 1e-5, readings: paperStateReadings, ...sizes };
}

/** Weights of one layer: A, B and C [e, n], the step Δ [e], the output map [e, e]. Layers with sources also have a fusion. */
export type DenseSsmLayer = {
  readonly a: Value;
  readonly b: Value;
  readonly c: Value;
  readonly delta: Value;
  readonly output: Value;
  readonly fusion?: StateFusionParams | undefined;
};

/** Weights of a stack. */
export type DenseSsmParams = { readonly layers: readonly DenseSsmLayer[] };

/** Results: `x^L` [b, t, e], the read-out of each layer [b, t, e], and the carried state of each layer [b, e, n]. */
export interface DenseSsmResult {
  readonly output: Value;
  readonly reads: readonly Value[];
  readonly states: readonly Value[];
}

/** Connections of layers: the states that a layer fuses, nearest layer first, and the discretisation of a layer. */
export interface DenseSsmWiring {
  sources(passed: readonly Value[], config: DenseSsmConfig): Value[];
  discretise(layer: DenseSsmLayer): DiscreteModel<Value>;
}

/** Wiring of the definition. */
export const denseSsmWiring: DenseSsmWiring = {
  sources: (passed, config) => sourcesOf(config, passed.length).map((l) => passed[l]!),
  discretise: (layer) => discretise('zeroOrderHold', layer),
};

const everyMode: Readonly<Record<CarriedRecurrence, readonly SsmMode['name'][]>> = {
  diagonal: ['recurrent', 'scan', 'logStep', 'direct', 'fft', 'chunkwise'],
  matrix: ['recurrent', 'logStep', 'direct', 'fft', 'chunkwise'],
  nonlinear: ['recurrent'],
};

/**
 * Returns whether a mode can compute a configuration. If the fused state is carried, concatenation turns each channel's decays into
 * a matrix, which linearScan does not support. Attention and norms make the recurrence nonlinear.
 * @example
 * const readings = { ...denseSsmConfig({ width: 1, layers: 1, denseLayers: 1 }).readings, carry: 'fused', stateNorm: 'rms' };
 * denseSsmAdmits(denseSsmConfig({ width: 8, layers: 2, denseLayers: 1, readings }), 'fft') // false
 */
export const denseSsmAdmits = ({ layers, denseLayers, readings }: DenseSsmConfig, mode: SsmMode['name']): boolean =>
  everyMode[carriedRecurrence(readings, Math.min(layers - 1, denseLayers))].includes(mode);

function check(config: DenseSsmConfig): void {
  checkWhole('denseSsmStack', config, ['width', 'stateSize', 'layers'], 1);
  checkWhole('denseSsmStack', config, ['denseLayers', 'gateRank'], 0);
  checkEpsilon('denseSsmStack', config.epsilon);
  checkReadingsOnly('denseSsmStack', config.readings, stateChoices);
}

function shapes(config: DenseSsmConfig): Record<string, Shape> {
  const { width: e, stateSize: n, layers, gateRank, readings } = config;
  const all: Record<string, Shape> = {};
  for (let l = 0; l < layers; l++) {
    const path = `layers.${l}`;
    for (const map of ['a', 'b', 'c']) all[`${path}.${map}`] = [e, n];
    Object.assign(all, { [`${path}.delta`]: [e], [`${path}.output`]: [e, e] });
    const sizes = { e, n, input: e, gateRank };
    Object.assign(all, stateFusionShapes(`${path}.fusion`, sourcesOf(config, l).length, readings, sizes));
  }
  return all;
}

/**
 * Initial numbers, by our choice. `A[e, n] = −(n + 1)` as in Mamba. Δ is log-uniform from 10⁻³ to 10⁻¹. A merge is the identity of
 * the layer's own states.
 */
function fresh({ stateSize }: DenseSsmConfig, path: string, shape: Shape, random: Rng): Float64Array | null {
  const filled = (number: (i: number) => number) => Float64Array.from({ length: sizeOf(shape) }, (_, i) => number(i));
  if (path.endsWith('.a')) return filled((i) => -((i % stateSize) + 1));
  if (path.endsWith('.delta')) return filled(() => 10 ** (2 * random.uniform() - 3));
  return freshFusion(path, shape, random);
}

/** Builds the stack's `forward` with a given wiring. The stack itself has the wiring of the definition. */
export const denseSsmForward =
  (wiring: DenseSsmWiring) =>
  (
    params: DenseSsmParams,
    config: DenseSsmConfig,
    x: Value,
    states: readonly Value[],
    mode: SsmMode,
  ): DenseSsmResult => {
    checkAxes('denseSsmStack', 'x', x, ['b', 't', 'e']);
    const { layers } = params;
    if (layers.length !== config.layers || states.length !== config.layers) {
      fail(
        `denseSsmStack: parameters of ${layers.length} layers, a state of ${states.length}, a configuration of ${config.layers}; make them equal`,
      );
    }
    const [passed, reads]: [Value[], Value[]] = [[], []];
    let stream = x;
    const left = layers.map((layer, l) => {
      const result = oneLayer(layer, config, stream, passed, states[l]!, mode, wiring, `layers.${l}.`);
      stream = add(stream, linear(silu(result.y), layer.output));
      passed.push(result.passed);
      reads.push(result.y);
      return result.state;
    });
    return { output: stream, reads, states: left };
  };

function oneLayer(
  layer: DenseSsmLayer,
  { readings, epsilon, ...config }: DenseSsmConfig,
  x: Value,
  shallower: readonly Value[],
  state: Value,
  mode: SsmMode,
  wiring: DenseSsmWiring,
  path: string,
): { y: Value; passed: Value; state: Value } {
  const { a, b } = wiring.discretise(layer);
  ssmAxes('denseSsmStack', { x, a, b, c: layer.c }, state);
  const rule = { readings, epsilon, path };
  const fusion = layer.fusion ?? { gates: [] };
  const drive = realForm.drive(b, x);
  const selected = selectedStates(wiring.sources(shallower, { readings, epsilon, ...config }), x, fusion, rule);
  const states = denseStates({ decay: a, drive, selected }, state, fusion, rule, orderIn(mode, a));
  return {
    y: site(realForm.read(layer.c, states.read), `${path}y`),
    passed: site(states.passed, `${path}passed`),
    state: states.state,
  };
}

/** Algorithms of a mode, for a layer's decay Ā [e, n]. */
const orderIn = (mode: SsmMode, a: Value): StateOrder => ({
  mode: mode.name,
  diagonal: (drive, state) => statesIn(mode)(realForm, a, drive, state),
  matrix: (own, drive, state) => {
    const [e, n] = a.shape as readonly [number, number];
    return statesIn(mode)(matrixForm, mul(reshape(a, [e, 1, n]), own), drive, state);
  },
});

/**
 * The stack: `x^{l+1} = x^l + W_l silu(y^l)`, where `y^l` is the read-out of the layer's fused states. `forward` continues in a
 * mode from one state [b, e, n] for each layer. It throws on wrong shapes and where the mode does not admit the readings.
 */
export const denseSsmStack: Parametrised<DenseSsmConfig, DenseSsmParams> & {
  /** States before the first input: zeros [b, e, n]. Throws as `checkParameters` does. */
  start(params: DenseSsmParams, config: DenseSsmConfig, batch: number): Value[];
  readonly forward: ReturnType<typeof denseSsmForward>;
} = {
  name: 'dense-ssm',
  check,
  shapes,
  fresh,
  start(params, config, batch) {
    checkParameters(denseSsmStack, params, config);
    return params.layers.map(({ a }) => emptySsmState(a, batch));
  },
  forward: denseSsmForward(denseSsmWiring),
};
