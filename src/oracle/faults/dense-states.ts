/** @file Wrong dense connections of states: in DenseMamba and in the time-invariant stack. */
import { denseMamba, denseMambaForward, denseMambaWiring } from '../../models/dense-mamba.ts';
import type { DenseMambaConfig } from '../../models/dense-mamba-config.ts';
import { denseSsmForward, denseSsmWiring } from '../../models/dense-ssm.ts';
import { sourcesOf } from '../../models/fusion-shapes.ts';
import type { StateReadings } from '../../nn/dense-states/fuse.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import type { Settings } from '../case.ts';
import type { Fault } from '../fault.ts';
import { mapValues } from '../named.ts';
import type { Operator } from '../operator.ts';
import { denseMambaOperator } from '../operators/dense-mamba.ts';
import { denseSsmStackOperator, type StackSettings, stackProgram } from '../operators/dense-ssm-stack.ts';
import { type ModelSettings, modelProgram } from '../operators/language-models.ts';
import type { ModeName } from '../operators/shared/modes.ts';
import type { SsmModeName } from '../operators/shared/ssm.ts';
import type { Named, Program } from '../program.ts';
import { misled } from './misled.ts';

/** A configuration with dense states. */
interface DenseConfig {
  readonly denseLayers: number;
  readonly layers: number;
  readonly readings: StateReadings;
}

type DenseSettings = Settings & { readonly config: DenseConfig };

/** The settings under other readings. */
function reading<S extends DenseSettings>(
  settings: S,
  change: (readings: StateReadings) => Partial<StateReadings>,
): { settings: S } {
  const { config } = settings;
  return {
    settings: { ...settings, config: { ...config, readings: { ...config.readings, ...change(config.readings) } } },
  };
}

/** Inputs with those that a pattern names changed. */
const matching = (inputs: Named, pattern: RegExp, change: (x: Value) => Value): Named =>
  mapValues(inputs, (x, name) => (pattern.test(name) ? change(x) : x));

/** Rows of a gate over all entries [e·n, r], entry e·N + n exchanged for n·E + e. */
function byStates(up: Value, states: number): Value {
  const [rows, rank] = up.shape as [number, number];
  return reshape(transpose(reshape(up, [rows / states, states, rank]), [1, 0, 2]), [rows, rank]);
}

/** One more source in every layer that has one, with the weights of its last source again. */
function widened<S extends DenseSettings>(inputs: Named, settings: S): { inputs: Named; settings: S } {
  const { config } = settings;
  // a second source may make of attention what the mode does not compute
  if (config.denseLayers === 0 || config.readings.fusion === 'attention') return { inputs, settings };
  const added: Record<string, Value> = {};
  for (let l = config.denseLayers + 1; l < config.layers; l++) {
    const [path, last] = [`param.layers.${l}.fusion`, sourcesOf(config, l).length - 1];
    const copy = (from: string, to: string): void => {
      if (from in inputs) added[to] = inputs[from]!;
    };
    if (config.readings.gate === 'perLayer') {
      for (const map of ['down', 'up']) copy(`${path}.gates.${last}.${map}`, `${path}.gates.${last + 1}.${map}`);
    }
    copy(`${path}.projections.${last}`, `${path}.projections.${last + 1}`);
    const merge = inputs[`${path}.merge`];
    if (merge !== undefined) {
      const [n, columns] = merge.shape as [number, number];
      added[`${path}.merge`] = concat([merge, slice(merge, 1, columns - n, columns)], 1);
    }
  }
  return {
    inputs: { ...inputs, ...added },
    settings: { ...settings, config: { ...config, denseLayers: config.denseLayers + 1 } },
  };
}

/** States one token late: those of the token before, and zeros at the first. */
const late = (x: Value): Value => {
  const t = x.shape[1]!;
  return t === 0 ? x : concat([zerosLike(x, [x.shape[0]!, 1, ...x.shape.slice(2)]), slice(x, 1, 0, t - 1)], 1);
};

const found = ['definition', 'modes'];

/** The faults that both networks can have; `parallel` is a mode of it that all linear readings admit, not the reference. */
const shared = <S extends DenseSettings>(operator: Operator<S>, parallel: string): Fault<S>[] => [
  misled(
    operator,
    'recurrent',
    'other-carry',
    'carries the fused state where the raw one is declared, and the other way round',
    ['definition', 'derivative'],
    (_inputs, settings) => reading(settings, ({ carry }) => ({ carry: carry === 'raw' ? 'fused' : 'raw' })),
  ),
  misled(
    operator,
    parallel,
    'other-pass',
    'hands fused states to deeper layers for raw ones, and the other way round',
    found,
    (_inputs, settings) => reading(settings, ({ pass }) => ({ pass: pass === 'raw' ? 'fused' : 'raw' })),
  ),
  misled(
    operator,
    parallel,
    'other-activation',
    'one SiLU too few on the gate, or one too many',
    ['definition', 'modes'],
    (_inputs, settings) =>
      reading(settings, ({ gateActivation }) => ({ gateActivation: gateActivation === 'silu' ? 'none' : 'silu' })),
  ),
  misled(operator, parallel, 'projection-transposed', 'projects by the transposed maps', found, (inputs) => ({
    inputs: matching(inputs, /\.projections\.\d+$/, (map) => transpose(map, [1, 0])),
  })),
  misled(
    operator,
    parallel,
    'gate-transposed',
    'reads a gate over all entries state by state, not channel by channel',
    ['definition', 'modes'],
    (inputs, { config }) => {
      if (config.readings.gateWidth !== 'full') return { inputs };
      const states = inputs['state.0.ssm'] ?? inputs['state.0'] ?? inputs['param.layers.0.aLog']!;
      return { inputs: matching(inputs, /\.up$/, (up) => byStates(up, states.shape.at(-1)!)) };
    },
  ),
  misled(operator, parallel, 'window-too-wide', 'reads m + 1 shallow layers', found, widened),
  misled(
    operator,
    'recurrent',
    'gates-never-close',
    'a bias keeps every gate open',
    ['definition', 'reduces'],
    (inputs) => ({ inputs: matching(inputs, /\.fusion\.gates\.\d+\.up$/, (up) => scale(exp(up), 2 ** -4)) }),
  ),
  misled(
    operator,
    parallel,
    'states-detached',
    'no gradient through the hand-off',
    ['modes', 'resumable'],
    (inputs) => ({ inputs: matching(inputs, /^state\./, stopGradient) }),
  ),
];

/** Ways in which a layer takes its sources. */
const wrongSources: readonly {
  readonly name: string;
  readonly says: string;
  readonly rejectedBy: readonly string[];
  readonly change: (sources: Value[]) => Value[];
}[] = [
  {
    name: 'sources-late',
    says: 'reads the shallow states of the token before',
    rejectedBy: [...found, 'derivative', 'resumable'],
    change: (sources) => sources.map(late),
  },
  {
    name: 'sources-reversed',
    says: 'counts the farthest layer first',
    rejectedBy: found,
    change: (sources) => sources.toReversed(),
  },
  {
    name: 'sources-detached',
    says: 'no gradient reaches the states of shallow layers',
    rejectedBy: ['modes', 'derivative'],
    change: (sources) => sources.map(stopGradient),
  },
];

type MambaSettings = ModelSettings<DenseMambaConfig>;

const mambaFault = (
  name: string,
  says: string,
  rejectedBy: readonly string[],
  wiring: Partial<typeof denseMambaWiring>,
): Fault<MambaSettings> => ({
  operator: denseMambaOperator.name,
  mode: 'parallel',
  name,
  says,
  rejectedBy,
  program: modelProgram(
    { ...denseMamba, forward: denseMambaForward({ ...denseMambaWiring, ...wiring }) },
    'parallel' satisfies ModeName,
  ),
});

const stackFault = (
  name: string,
  says: string,
  rejectedBy: readonly string[],
  mode: SsmModeName,
  wiring: Partial<typeof denseSsmWiring>,
): Fault<StackSettings> => {
  const program: Program<StackSettings> = stackProgram(mode, denseSsmForward({ ...denseSsmWiring, ...wiring }));
  return { operator: denseSsmStackOperator.name, mode, name, says, rejectedBy, program };
};

const mambaFaults: readonly Fault<MambaSettings>[] = [
  ...shared(denseMambaOperator, 'parallel'),
  ...wrongSources.map(({ name, says, rejectedBy, change }) =>
    mambaFault(name, says, rejectedBy, {
      sources: (passed, config) => change(denseMambaWiring.sources(passed, config)),
    }),
  ),
  mambaFault('gate-reads-stream', 'gates read the residual stream before its norm', found, {
    gateInput: ({ stream, u }, { readings }) => (readings.gateInput === 'normed' ? stream : u),
  }),
];

const stackFaults: readonly Fault<StackSettings>[] = [
  ...shared(denseSsmStackOperator, 'logStep'),
  ...wrongSources.map(({ name, says, rejectedBy, change }) =>
    stackFault(name, says, rejectedBy, 'logStep', {
      sources: (passed, config) => change(denseSsmWiring.sources(passed, config)),
    }),
  ),
  stackFault('euler-input', "B̄ by Euler's rule, as in Mamba, where the zero-order hold is meant", found, 'direct', {
    discretise: (layer) => {
      const step = reshape(layer.delta, [layer.delta.shape[0]!, 1]);
      return { ...denseSsmWiring.discretise(layer), b: mul(step, layer.b) };
    },
  }),
];

export const denseStateFaults: readonly Fault[] = [...mambaFaults, ...stackFaults];
