/** @file State space models on top of each other as an operator (Eq. 9). */
import * as fc from 'fast-check';
import { diagonal } from '../../../spec/05-discrete-recurrence.ts';
import { degradedState, type StackedLayer, thetaBlock } from '../../../spec/09-degradation.ts';
import type { Matrix, Vector } from '../../../spec/notation.ts';
import { type StackedLayer as EngineLayer, layeredStack, recurrentStack, type StackMode } from '../../nn/ssm/stack.ts';
import { treeOf } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import { fromLists, type Layout, type Slot, type Tensors, toLists } from '../case.ts';
import { lengths, small } from '../draw.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Program } from '../program.ts';

/** Settings of a stack: ε of the blocks' norms. */
export type StackSettings = { readonly epsilon: number };

const mostLayers = 3;
const statesOf = (layers: number): string[] => Array.from({ length: layers }, (_, l) => `state.${l}`);

const program =
  (mode: StackMode): Program<StackSettings> =>
  (inputs, { epsilon }) => {
    const {
      layers = [],
      state = [],
      bottom,
    } = treeOf(inputs) as {
      layers?: readonly EngineLayer[];
      state?: readonly Value[];
      bottom: Value;
    };
    const { h, states } = mode(layers, bottom, state, { epsilon, residual: 0 });
    return { h, ...Object.fromEntries(states.map((last, l) => [`state.${l}`, last])) };
  };

const layouts = (size: Size): fc.Arbitrary<Layout<StackSettings>> =>
  fc
    .record({ b: small(2), t: lengths(size), e: small(3), n: small(3), r: small(3), m: small(mostLayers, 0) })
    .map(({ b, t, e, n, r, m }) => {
      const layer = (l: number): Record<string, Slot> => ({
        [`layers.${l}.below`]: { shape: [e, n] },
        [`layers.${l}.theta.norm`]: { shape: [e], centre: 1, spread: 0.3 },
        [`layers.${l}.theta.up`]: { shape: [r, e] },
        [`layers.${l}.theta.down`]: { shape: [e, r] },
        [`layers.${l}.a`]: { shape: [e, n], between: [-1, 1] },
        [`layers.${l}.b`]: { shape: [e, n] },
        [`state.${l}`]: { shape: [b, e, n] },
      });
      return {
        inputs: {
          bottom: { shape: [b, t, e, n] },
          ...Object.assign({}, ...Array.from({ length: m }, (_, l) => layer(l))),
        },
        outputs: { h: [b, t, e, n], ...Object.fromEntries(statesOf(m).map((name) => [name, [b, e, n]])) },
        settings: { epsilon: 2 ** -6 },
      };
    });

/** One layer's weights as lists. */
interface Weights {
  readonly below: Matrix;
  readonly theta: { readonly norm: Vector; readonly up: Matrix; readonly down: Matrix };
  readonly a: Matrix;
  readonly b: Matrix;
}

/** Eq. 9 for the state of every layer, at one token after another. */
function defined(inputs: Tensors, { epsilon }: StackSettings): Tensors {
  const lists = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, toLists(x)]));
  const tree = treeOf(lists) as {
    bottom: readonly (readonly Matrix[])[];
    layers?: readonly Weights[];
    state?: readonly (readonly Matrix[])[];
  };
  const { bottom, layers = [], state = [] } = tree;
  const stackedOn = (before: readonly Matrix[]): StackedLayer[] =>
    layers.map(({ theta, a, b }, l) => ({
      theta: thetaBlock(theta, epsilon),
      // what reads a layer's state is kept with the layer above it; the highest is not read
      channels: a.map((row, e) => ({
        aBar: diagonal(row),
        bBar: b[e]!,
        c: layers[l + 1]?.below[e] ?? row.map(() => 0),
      })),
      before: before[l]!,
    }));
  const c = layers[0]?.below ?? [];
  const results = bottom.map((tokens, i) => {
    let before: readonly Matrix[] = state.map((layer) => layer[i]!);
    const h = tokens.map((own) => {
      const stack = stackedOn(before);
      before = stack.map((_, l) => degradedState(stack.slice(0, l + 1), own, c));
      return before.at(-1) ?? own;
    });
    return { h, before };
  });
  return {
    h: fromLists(
      results.map(({ h }) => h),
      inputs.bottom!.shape,
    ),
    ...Object.fromEntries(
      statesOf(layers.length).map((name, l) => [
        name,
        fromLists(
          results.map(({ before }) => before[l]!),
          inputs[name]!.shape,
        ),
      ]),
    ),
  };
}

const states = statesOf(mostLayers);
const batch = (names: readonly string[]): Record<string, number> => Object.fromEntries(names.map((name) => [name, 0]));

/** Eq. 9: what is left of a shallow layer's state in a deep one, through m blocks Θ. */
export const degradation: Operator<StackSettings> = {
  ...plain,
  name: 'degradation',
  equations: [9],
  layouts,
  values: ['normal', 'normal', 'sparse'],
  definition: defined,
  modes: { recurrent: program(recurrentStack), layered: program(layeredStack) },
  reference: 'recurrent',
  timeInvariant: true,
  time: {
    inputs: { bottom: 1 },
    outputs: { h: 1 },
    states: Object.fromEntries(states.map((name) => [name, name])),
    after: (settings) => settings,
  },
  axes: { batch: batch(['bottom', 'h', ...states]) },
};
