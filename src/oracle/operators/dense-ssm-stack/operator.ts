/** @file Declares a stack of time-invariant dense state space models under every reading: Eqs. 5, 6, 10, 11 and 13–18 in one network. */
import * as fc from 'fast-check';
import { type DenseSsmLayer, denseSsmStack as definition } from '../../../../spec/dense-ssm-stack.ts';
import type { Matrix } from '../../../../spec/notation.ts';
import { type DenseSsmConfig, type DenseSsmParams, denseSsmAdmits, denseSsmStack } from '../../../models/dense-ssm.ts';
import type { Shape } from '../../../tensor/shape.ts';
import { treeOf } from '../../../tensor/tree.ts';
import type { Layout, Slot } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, chunkDraws, chunkSizeOf, lengths, small } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { stripped, under } from '../../named.ts';
import type { Size } from '../../operator.ts';
import { over } from '../../over.ts';
import type { Program } from '../../program.ts';
import {
  closedGates,
  denseDepths,
  longestOf,
  noDenseStates,
  ofFusion,
  stateReadings,
  withoutFusion,
} from '../shared/dense-states.ts';
import { paramsIn, stateNames, statesIn, weightSlot } from '../shared/language-models.ts';
import { inSsmModes, type SsmModeName, ssmMode, ssmModes } from '../shared/ssm.ts';

const signature = 'x bte, param.**, state.* ben -> output bte, state.* ben';

/** Settings of a stack: its configuration, and the chunk size of chunkwise mode. */
export type StackSettings = { readonly config: DenseSsmConfig; readonly chunkSize: number };

const configs: fc.Arbitrary<DenseSsmConfig> = fc
  .record({
    width: small(3, 2),
    stateSize: small(3),
    ...denseDepths,
    readings: stateReadings,
  })
  // a norm multiplies small states and their rounding errors by 1/√ε; if normed states are carried, at every token
  .map((sizes) => ({ ...sizes, epsilon: 2 ** -2 }));

/** Makes the slot of a weight: A is negative, steps are positive, the rest is as in language models. */
function slotOf(path: string, shape: Shape): Slot {
  if (path.endsWith('.a')) return { shape, sign: -1 };
  return path.endsWith('.delta') ? { shape, sign: 1 } : weightSlot(path, shape);
}

const layouts = (size: Size): fc.Arbitrary<Layout<StackSettings>> =>
  fc
    .record({ b: axis(size, 'b', 2), drawn: lengths(size), config: configs, chunk: chunkDraws })
    .map(({ b, drawn, config, chunk }) => {
      const t = Math.min(drawn, longestOf(config));
      const weights = Object.entries(denseSsmStack.shapes(config));
      const states = stateNames(signature, config.layers);
      return layoutOf(signature, {
        lengths: { b, t, e: config.width, n: config.stateSize },
        settings: { config, chunkSize: chunkSizeOf(chunk, t) },
        inputs: {
          x: {},
          ...Object.fromEntries(weights.map(([path, shape]) => [`param.${path}`, slotOf(path, shape)])),
          ...Object.fromEntries(states.map((name) => [name, {}])),
        },
        outputs: ['output', ...states],
      });
    });

/** Names the states of all layers: `state.0`, `state.1`, … */
const named = <X>(states: readonly X[]): Record<string, X> =>
  Object.fromEntries(states.map((state, l) => [`state.${l}`, state]));

/** Makes a program of the stack in a mode. Faults pass another `forward`. */
export const stackProgram =
  (name: SsmModeName, forward = denseSsmStack.forward): Program<StackSettings> =>
  (inputs, { config, chunkSize }) => {
    const params = treeOf(stripped(inputs, 'param.')) as DenseSsmParams;
    const result = forward(params, config, inputs.x!, under(inputs, 'state.'), ssmMode(name, chunkSize));
    return { output: result.output, ...named(result.states) };
  };

/** Runs the stack without fusions, in the same mode. */
const plainStack = (mode: string): Program<StackSettings> => {
  const run = stackProgram(mode as SsmModeName);
  return (inputs, settings) =>
    run(withoutFusion(inputs), { ...settings, config: { ...settings.config, denseLayers: 0 } });
};

/** The dense stack. It has no embedding and no norms between layers, so zero inputs stay zero. */
export const denseSsmStackOperator = defineOperator({
  name: 'denseSsmStack',
  chapter: 'spec/dense-ssm-stack.ts',
  evidence: ['N', 'F', 'R'],
  signature,
  layouts,
  // maps between layers amplify wide numbers until bounds are useless
  values: ['normal', 'normal', 'sparse'],
  definition: over('b', signature, ({ x, ...inputs }, { config }: StackSettings) => {
    const { layers } = paramsIn(inputs) as { readonly layers: readonly DenseSsmLayer[] };
    const result = definition(layers, config, x, statesIn<Matrix>(inputs));
    return { output: result.output, ...named(result.layers.map(({ state }) => state)) };
  }),
  modes: inSsmModes(ssmModes, (mode) => stackProgram(mode)),
  reference: 'recurrent',
  admits: ({ config }, mode) => denseSsmAdmits(config, mode as SsmModeName),
  laws: {
    spectral: ['fft'],
    timeInvariant: true,
    reductions: {
      'm = 0': { change: noDenseStates, program: plainStack, ignores: ofFusion },
      'closed gates': { change: closedGates, program: plainStack, ignores: ofFusion },
    },
  },
});
