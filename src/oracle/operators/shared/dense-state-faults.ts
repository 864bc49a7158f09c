/** @file Faults of dense connections of states, shared by DenseMamba and the time-invariant stack. */
import { sourcesOf } from '../../../models/fusion-shapes.ts';
import type { StateReadings } from '../../../nn/dense-states/fuse.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { transpose } from '../../../tensor/primitives/transpose.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Settings } from '../../case.ts';
import type { Description, Wrong } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named } from '../../program.ts';
import type { DenseConfig } from './dense-states.ts';

type DenseSettings = Settings & { readonly config: DenseConfig };

/** Runs the right program under changed readings. */
const reading =
  <S extends DenseSettings>(change: (readings: StateReadings) => Partial<StateReadings>): Wrong<S>['program'] =>
  (inputs, settings, run) => {
    const { config } = settings;
    const readings = { ...config.readings, ...change(config.readings) };
    return run(inputs, { ...settings, config: { ...config, readings } });
  };

/** Changes the inputs whose names match a pattern. */
const matching = (inputs: Named, pattern: RegExp, change: (x: Value) => Value): Named =>
  mapValues(inputs, (x, name) => (pattern.test(name) ? change(x) : x));

/** Reorders the rows of a gate over all entries [E·N, r]: row e·N + n moves to n·E + e. */
function byStates(up: Value, states: number): Value {
  const [rows, rank] = up.shape as [number, number];
  return reshape(transpose(reshape(up, [rows / states, states, rank]), [1, 0, 2]), [rows, rank]);
}

/** Adds the weights of one more source to each layer that can have one, as copies of its last source's weights. */
function weightsOfOneMore(inputs: Named, config: DenseConfig): Named {
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
  return added;
}

/** Makes the faults of both networks. `parallel` names a mode other than the reference that admits all linear readings. */
export const wrongDenseStates = <S extends DenseSettings>(parallel: string): Wrong<S>[] => [
  {
    mode: 'recurrent',
    name: 'other-carry',
    says: 'carries the fused state where the raw one is declared, and the other way round',
    rejectedBy: ['definition', 'derivative'],
    program: reading(({ carry }) => ({ carry: carry === 'raw' ? 'fused' : 'raw' })),
  },
  {
    mode: parallel,
    name: 'other-pass',
    says: 'passes on fused states where raw ones are declared, and the other way round',
    rejectedBy: ['definition', 'modes'],
    program: reading(({ pass }) => ({ pass: pass === 'raw' ? 'fused' : 'raw' })),
  },
  {
    mode: parallel,
    name: 'other-activation',
    says: 'one SiLU too few on the gate, or one too many',
    rejectedBy: ['definition', 'modes'],
    program: reading(({ gateActivation }) => ({ gateActivation: gateActivation === 'silu' ? 'none' : 'silu' })),
  },
  {
    mode: parallel,
    name: 'projection-transposed',
    says: 'projects by the transposed maps',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) =>
      run(
        matching(inputs, /\.projections\.\d+$/, (map) => transpose(map, [1, 0])),
        settings,
      ),
  },
  {
    mode: parallel,
    name: 'gate-transposed',
    says: 'reads a gate over all entries state by state, not channel by channel',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) => {
      const { readings, stateSize } = settings.config;
      if (readings.gateWidth !== 'full') return run(inputs, settings);
      return run(
        matching(inputs, /\.up$/, (up) => byStates(up, stateSize)),
        settings,
      );
    },
  },
  {
    mode: parallel,
    name: 'window-too-wide',
    says: 'reads m + 1 shallow layers',
    rejectedBy: ['definition', 'modes'],
    program: (inputs, settings, run) => {
      const { config } = settings;
      // with a second source, attention may be nonlinear, which the mode cannot compute
      if (config.denseLayers === 0 || config.readings.fusion === 'attention') return run(inputs, settings);
      const wider = { ...settings, config: { ...config, denseLayers: config.denseLayers + 1 } };
      return run({ ...inputs, ...weightsOfOneMore(inputs, config) }, wider);
    },
  },
  {
    mode: 'recurrent',
    name: 'gates-never-close',
    says: 'a bias keeps every gate open',
    rejectedBy: ['definition', 'reduces'],
    program: (inputs, settings, run) =>
      run(
        matching(inputs, /\.fusion\.gates\.\d+\.up$/, (up) => scale(exp(up), 2 ** -4)),
        settings,
      ),
  },
  {
    mode: parallel,
    name: 'states-detached',
    says: 'no gradient through the hand-off',
    rejectedBy: ['modes', 'resumable'],
    program: (inputs, settings, run) => run(matching(inputs, /^state\./, stopGradient), settings),
  },
];

/** Replaces each token's state by the previous one, and the first by zeros. */
const late = (x: Value): Value => {
  const t = x.shape[1]!;
  return t === 0 ? x : concat([zerosLike(x, [x.shape[0]!, 1, ...x.shape.slice(2)]), slice(x, 1, 0, t - 1)], 1);
};

/** Faults in how a layer takes its sources. */
export const wrongSources: readonly (Omit<Description, 'mode'> & { change(sources: Value[]): Value[] })[] = [
  {
    name: 'sources-late',
    says: 'reads the shallow states of the token before',
    rejectedBy: ['definition', 'modes', 'derivative', 'resumable'],
    change: (sources) => sources.map(late),
  },
  {
    name: 'sources-reversed',
    says: 'counts the farthest layer first',
    rejectedBy: ['definition', 'modes'],
    change: (sources) => sources.toReversed(),
  },
  {
    name: 'sources-detached',
    says: 'no gradient reaches the states of shallow layers',
    rejectedBy: ['modes', 'derivative'],
    change: (sources) => sources.map(stopGradient),
  },
];
