/** @file Declares a stack of state space models, in which a shallow state degrades on its way to deep layers (Eq. 9). */
import * as fc from 'fast-check';
import { diagonal } from '../../../../spec/05-discrete-recurrence.ts';
import { degradedState, type StackedLayer, thetaBlock } from '../../../../spec/09-degradation.ts';
import type { Matrix, Vector } from '../../../../spec/notation.ts';
import {
  type StackedLayer as EngineLayer,
  layeredStack,
  recurrentStack,
  type StackMode,
} from '../../../nn/ssm/stack.ts';
import { treeOf } from '../../../tensor/tree.ts';
import type { Layout } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, lengths, small } from '../../draw.ts';
import { type Details, layoutOf } from '../../layout.ts';
import { under } from '../../named.ts';
import type { ProgramOf, Size } from '../../operator.ts';
import { over } from '../../over.ts';
import { decayDetails } from '../shared/ssm.ts';

const signature =
  'bottom bten, layers.*.below en, layers.*.theta.norm e, layers.*.theta.up re, layers.*.theta.down er, layers.*.a en, layers.*.b en, state.* ben -> h bten, state.* ben';

/** Settings of a stack: ε of the blocks' norms. */
export type StackSettings = { readonly epsilon: number };

/** Collects flat inputs into layers, the lowest first. */
const layersOf = <Layer>(inputs: Readonly<Record<string, unknown>>): readonly Layer[] =>
  (treeOf(inputs) as { readonly layers?: readonly Layer[] }).layers ?? [];

const statesByLayer = <T>(states: readonly T[]): Readonly<Record<`state.${number}`, T>> =>
  Object.fromEntries(states.map((state, l) => [`state.${l}`, state]));

const program =
  (mode: StackMode): ProgramOf<typeof signature, StackSettings> =>
  (inputs, { epsilon }) => {
    const layers = layersOf<EngineLayer>(inputs);
    const { h, states } = mode(layers, inputs.bottom, under(inputs, 'state.'), { epsilon, residual: 0 });
    return { h, ...statesByLayer(states) };
  };

const layerDetails = (l: number, size: Size): Record<string, Details> => ({
  [`layers.${l}.below`]: {},
  [`layers.${l}.theta.norm`]: { centre: 1, spread: 0.3 },
  [`layers.${l}.theta.up`]: {},
  [`layers.${l}.theta.down`]: {},
  [`layers.${l}.a`]: decayDetails(size, 1).a,
  [`layers.${l}.b`]: {},
  [`state.${l}`]: {},
});

const layouts = (size: Size): fc.Arbitrary<Layout<StackSettings>> =>
  fc
    .record({
      b: axis(size, 'b', 2),
      t: lengths(size),
      e: axis(size, 'e', 3),
      n: axis(size, 'n', 3),
      r: axis(size, 'r', 3),
      m: small(3, 0),
    })
    .map(({ m, ...letters }) => {
      const layers = Array.from({ length: m }, (_, l) => l);
      return layoutOf(signature, {
        lengths: letters,
        settings: { epsilon: 2 ** -6 },
        inputs: Object.assign({ bottom: {} }, ...layers.map((l) => layerDetails(l, size))),
        outputs: ['h', ...layers.map((l) => `state.${l}`)],
      });
    });

/** The weights of one layer, as lists. */
interface Weights {
  readonly below: Matrix;
  readonly theta: { readonly norm: Vector; readonly up: Matrix; readonly down: Matrix };
  readonly a: Matrix;
  readonly b: Matrix;
}

/** Builds the layers of Eq. 9 with their states before a token. */
const stackedOn = (layers: readonly Weights[], before: readonly Matrix[], epsilon: number): StackedLayer[] =>
  layers.map(({ theta, a, b }, l) => ({
    theta: thetaBlock(theta, epsilon),
    // the weights that read a layer's state belong to the layer above; nothing reads the highest layer
    channels: a.map((row, e) => ({
      aBar: diagonal(row),
      bBar: b[e]!,
      c: layers[l + 1]?.below[e] ?? row.map(() => 0),
    })),
    before: before[l]!,
  }));

export const degradation = defineOperator({
  name: 'degradation',
  equations: [9],
  signature,
  layouts,
  values: ['normal', 'normal', 'sparse'],
  // Eq. 9 for the state of every layer, token by token
  definition: over('b', signature, (inputs, { epsilon }: StackSettings) => {
    const layers = layersOf<Weights>(inputs);
    const c = layers[0]?.below ?? [];
    let before: readonly Matrix[] = under(inputs, 'state.');
    const h = inputs.bottom.map((own) => {
      const stack = stackedOn(layers, before, epsilon);
      before = stack.map((_, l) => degradedState(stack.slice(0, l + 1), own, c));
      return before.at(-1) ?? own;
    });
    return { h, ...statesByLayer(before) };
  }),
  modes: { recurrent: program(recurrentStack), layered: program(layeredStack) },
  reference: 'recurrent',
  laws: { timeInvariant: true },
});
