/** @file A stack of time-invariant dense state space models as an operator, under every reading. */
import * as fc from 'fast-check';
import { type DenseSsmLayer, denseSsmStack as definition } from '../../../spec/dense-ssm-stack.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { type DenseSsmConfig, type DenseSsmParams, denseSsmAdmits, denseSsmStack } from '../../models/dense-ssm.ts';
import type { Shape } from '../../tensor/shape.ts';
import { treeOf } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import { type Layout, type Lists, type Slot, type Tensors, toLists } from '../case.ts';
import { chunkDraws, chunkSizeOf, lengths, small } from '../draw.ts';
import { stripped, under } from '../named.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Program } from '../program.ts';
import {
  closedGates,
  denseDepths,
  longestOf,
  noDenseStates,
  ofFusion,
  stateReadings,
  withoutFusion,
} from './dense-states.ts';
import { weightSlot } from './language-models.ts';
import { joinedResults, partsOf } from './per-sequence.ts';
import { type SsmModeName, ssmMode, ssmModes } from './shared/ssm.ts';

/** Settings of a stack. */
export type StackSettings = { readonly config: DenseSsmConfig; readonly chunkSize: number };

const mostLayers = 4;
const states = Array.from({ length: mostLayers }, (_, l) => `state.${l}`);

const configs: fc.Arbitrary<DenseSsmConfig> = fc
  .record({
    width: small(3, 2),
    stateSize: small(3),
    ...denseDepths,
    readings: stateReadings,
  })
  // a norm multiplies a small state, and its rounding, by 1/√ε; where normed states are carried, at every token
  .map((sizes) => ({ ...sizes, epsilon: 2 ** -2 }));

/** A weight's slot: A negative, steps positive, the others as everywhere. */
function slotOf(path: string, shape: Shape): Slot {
  if (path.endsWith('.a')) return { shape, sign: -1 };
  return path.endsWith('.delta') ? { shape, sign: 1 } : weightSlot(path, shape);
}

const layouts = (size: Size): fc.Arbitrary<Layout<StackSettings>> =>
  fc
    .record({ b: small(2), drawn: lengths(size), config: configs, chunk: chunkDraws })
    .map(({ b, drawn, config, chunk }) => {
      const t = Math.min(drawn, longestOf(config));
      const { width, stateSize, layers } = config;
      const weights = Object.entries(denseSsmStack.shapes(config));
      const carried = states.slice(0, layers).map((name) => [name, [b, width, stateSize]] as const);
      return {
        inputs: {
          x: { shape: [b, t, width] },
          ...Object.fromEntries(weights.map(([path, shape]) => [`param.${path}`, slotOf(path, shape)])),
          ...Object.fromEntries(carried.map(([name, shape]) => [name, { shape }])),
        },
        outputs: { output: [b, t, width], ...Object.fromEntries(carried) },
        settings: { config, chunkSize: chunkSizeOf(chunk, t) },
      };
    });

/** A way of running a stack, as a program. */
export const stackProgram =
  (name: SsmModeName, forward = denseSsmStack.forward): Program<StackSettings> =>
  (inputs, { config, chunkSize }) => {
    const params = treeOf(stripped(inputs, 'param.')) as DenseSsmParams;
    const result = forward(params, config, inputs.x!, under(inputs, 'state.'), ssmMode(name, chunkSize));
    const left = result.states.map((state, l): [string, Value] => [`state.${l}`, state]);
    return { output: result.output, ...Object.fromEntries(left) };
  };

function define(inputs: Tensors, { config }: StackSettings): Tensors {
  const weights = Object.entries(stripped(inputs, 'param.')).map(([path, x]): [string, Lists] => [path, toLists(x)]);
  const { layers } = treeOf(Object.fromEntries(weights)) as { readonly layers: readonly DenseSsmLayer[] };
  const part = partsOf(inputs);
  const carried = states.slice(0, config.layers);
  const shapes = Object.fromEntries(
    [['output', 'x'], ...carried.map((name) => [name, name])].map(([name, input]) => [name!, inputs[input!]!.shape]),
  );
  return joinedResults([inputs.x!.shape[0]!], shapes, (b) => {
    const before = carried.map((name) => part<Matrix>(name, b!));
    const { output, layers: left } = definition(layers, config, part<Matrix>('x', b!), before);
    return { output, ...Object.fromEntries(left.map(({ state }, l) => [`state.${l}`, state])) };
  });
}

/** The stack without fusions, in the same mode. */
const plainStack = (mode: string): Program<StackSettings> => {
  const run = stackProgram(mode as SsmModeName);
  return (inputs, settings) =>
    run(withoutFusion(inputs), { ...settings, config: { ...settings.config, denseLayers: 0 } });
};

const along = (names: readonly string[], axis: number): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, axis]));

/** Eqs. 5, 6, 10, 11 and 13 to 18 in one network; without an embedding or norms, so that zeros stay zeros. */
export const denseSsmStackOperator: Operator<StackSettings> = {
  ...plain,
  name: 'denseSsmStack',
  chapter: 'spec/dense-ssm-stack.ts',
  evidence: ['N', 'F', 'R'],
  layouts,
  // maps between layers multiply what is wide already, until bounds say nothing
  values: ['normal', 'normal', 'sparse'],
  definition: define,
  modes: Object.fromEntries(ssmModes.map((mode) => [mode, stackProgram(mode)])),
  reference: 'recurrent',
  spectral: ['fft'],
  timeInvariant: true,
  admits: ({ config }, mode) => denseSsmAdmits(config, mode as SsmModeName),
  time: {
    inputs: { x: 1 },
    outputs: { output: 1 },
    states: Object.fromEntries(states.map((name) => [name, name])),
    after: (settings) => settings,
  },
  axes: { batch: along(['x', 'output', ...states], 0) },
  reductions: {
    'm = 0': { change: noDenseStates, program: plainStack, ignores: ofFusion },
    'closed gates': { change: closedGates, program: plainStack, ignores: ofFusion },
  },
};
