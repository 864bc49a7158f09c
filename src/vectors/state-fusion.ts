/** @file Parts that the families dense_mamba and dense_ssm share: readings, weights of a fusion, runs in every mode, probed states. */
import { valueAndGrad } from '../autograd/vjp.ts';
import { f64 } from '../executors/f64/index.ts';
import { recording } from '../executors/recording.ts';
import { paperStateReadings, stateFusionShapes } from '../models/state-fusion.ts';
import type { StateFusionParams, StateReadings } from '../nn/dense-states/fuse.ts';
import { input } from '../tensor/input.ts';
import { once } from '../tensor/once.ts';
import { at } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Executor, Value } from '../tensor/value.ts';
import { type Answers, answer, givenIn, type VectorCase } from './case.ts';
import { choiceIn } from './config.ts';
import { type Weights, weightOf } from './weights.ts';

/** The readings of states that a config names; of the others the vectors have the defaults. */
export const stateReadingsIn = (config: VectorCase['config']): StateReadings => ({
  ...paperStateReadings,
  carry: choiceIn(config, 'carry', ['raw', 'fused']),
  pass: choiceIn(config, 'pass', ['raw', 'fused']),
  projection: choiceIn(config, 'projection', ['identity', 'linear']),
  gate: choiceIn(config, 'gate', ['shared', 'per_layer']) === 'shared' ? 'shared' : 'perLayer',
  gateWidth: choiceIn(config, 'gate_width', ['channel', 'state', 'full']),
});

/** The sizes of a fusion. */
export type Sizes = Parameters<typeof stateFusionShapes>[3];

/** The weights of a layer's fusion with J > 0 sources, under a prefix; theirs have all gates of a layer, and all projections, in one tensor. */
export function fusionOf(
  weights: Weights,
  prefix: string,
  sources: number,
  readings: StateReadings,
  sizes: Sizes,
): StateFusionParams {
  const shapes = stateFusionShapes('', sources, readings, sizes);
  const isShared = readings.gate === 'shared';
  const count = isShared ? 1 : sources;
  const all = (name: string, shape: Shape, isOne: boolean): Value[] => {
    const stored = weightOf(weights, `${prefix}${name}.weight`, isOne ? shape : [count, ...shape]);
    return isOne ? [stored] : Array.from({ length: count }, (_, j) => at(stored, 0, j));
  };
  const [downs, ups] = [
    all('dense_gate.fc1', shapes['.gates.0.down']!, isShared),
    all('dense_gate.fc2', shapes['.gates.0.up']!, isShared),
  ];
  const gates = downs.map((down, j) => ({ down, up: ups[j]! }));
  if (readings.projection === 'identity') return { gates };
  const { n } = sizes;
  const maps = weightOf(weights, `${prefix}dense_proj.weight`, [sources, n, n]);
  return { gates, projections: Array.from({ length: sources }, (_, j) => at(maps, 0, j)) };
}

/** The differentiated tensors: weights and given inputs, by their names in the vectors without `param/`, as `in/state.0`. */
export type Variables = Weights;

/** The variables of a case on an executor: all weights, and the inputs that have a gradient. */
export function variablesIn(
  testCase: VectorCase,
  isInput: (name: string) => boolean,
  on = f64 as typeof f64,
): Variables {
  const named = [...testCase.tensors].flatMap(([name, { data, shape }]): [string, Value][] => {
    if (name.startsWith('param/')) return [[name.slice('param/'.length), input(on, data, shape)]];
    return isInput(name) ? [[name, input(on, data, shape)]] : [];
  });
  return Object.fromEntries(named);
}

/** The result of a run: outputs by the names of the vectors, and the scalar objective. */
export interface ProbedRun {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly objective: Value;
}

/**
 * The answers of a run in one mode: its outputs, `out/objective`, the gradient of every variable, and the states that each layer passed.
 */
export function probedRun(
  testCase: VectorCase,
  isInput: (name: string) => boolean,
  layers: number,
  outputs: readonly string[],
  run: (variables: Variables, on: Executor) => ProbedRun,
): Answers['tensors'] {
  const evaluated = once(() => {
    const sites = new Map<string, Value>();
    const on = recording(f64, (site, x) => sites.set(site, x));
    let made: ProbedRun['outputs'] = {};
    const { value, gradient } = valueAndGrad(
      (variables: Variables) => {
        const { outputs: named, objective } = run(variables, on);
        made = named;
        return objective;
      },
      variablesIn(testCase, isInput, on),
    );
    const named: ProbedRun['outputs'] = { ...made, 'out/objective': value };
    return { outputs: named, gradient, sites };
  });
  const variables = Object.keys(variablesIn(testCase, isInput));
  const named = (names: readonly string[], of: (name: string) => Value): Answers['tensors'] =>
    Object.fromEntries(names.map((name) => [name, () => answer(of(name))]));
  const passed = Array.from({ length: layers }, (_, l) => `inter/${l}/passed`);
  return {
    ...named([...outputs, 'out/objective'], (name) => evaluated().outputs[name]!),
    ...Object.fromEntries(
      variables.map((name) => [`grad/${name}`, () => answer(evaluated().gradient[name]!)] as const),
    ),
    ...named(passed, (name) => evaluated().sites.get(`layers.${name.split('/')[1]}.passed`)!),
  };
}

/** `Σ x ∘ probe`. Throws when the probe is missing or shaped unlike x. */
export function probedBy(testCase: VectorCase, probe: string, x: Value): Value {
  const { data, shape } = givenIn(testCase, probe, x.shape);
  return sum(
    mul(x, input(x.on.root, data, shape)),
    shape.map((_, axis) => axis),
  );
}

/** A sum of scalars. */
export const total = (scalars: readonly Value[]): Value => scalars.reduce(add);
