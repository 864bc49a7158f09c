/** @file What every language model is as an operator: tokens, weights and states in, logits and states out. */
import * as fc from 'fast-check';
import type { LanguageModel, ModelState } from '../../models/language-model.ts';
import type { Shape } from '../../tensor/shape.ts';
import { namedLeavesOf, type Tree, treeOf } from '../../tensor/tree.ts';
import type { Layout, Slot } from '../case.ts';
import type { Operator, Size } from '../operator.ts';
import type { Program } from '../program.ts';
import { chunkSizes, lengths, small } from './draw.ts';
import { type ModeName, modeNames, modeOf } from './retention.ts';
import { stripped } from './tokens.ts';

/** Settings of a model: its configuration, the chunk size, and how many tokens came before. */
export type ModelSettings<C> = { readonly config: C; readonly chunkSize: number; readonly position: number };

/** What every configuration says. */
export interface AnyConfig {
  readonly vocabulary: number;
  readonly layers: number;
}

/** A weight's slot: norms around 1, maps scaled so that activations stay of order 1. */
const weightSlot = (path: string, shape: Shape): Slot => {
  const isNorm = path.toLowerCase().endsWith('norm');
  return isNorm ? { shape, centre: 1, spread: 0.3 } : { shape, spread: 1 / Math.sqrt(Math.max(1, shape.at(-1)!)) };
};

const prefixed = <T>(prefix: string, named: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(named).map(([name, x]) => [`${prefix}${name}`, x]));

/** Draws a configuration and a sequence, which starts, or goes on from states; `states` are their shapes by path. */
export function modelLayouts<C extends AnyConfig, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  configs: fc.Arbitrary<C>,
  states: (config: C, b: number) => Readonly<Record<string, Shape>>,
  size: Size,
): fc.Arbitrary<Layout<ModelSettings<C>>> {
  return fc
    .record({ b: small(2), t: lengths(size), config: configs, position: fc.constantFrom(0, 0, 0, 1, 3) })
    .chain((drawn) => fc.tuple(fc.constant(drawn), chunkSizes(drawn.t)))
    .map(([{ b, t, config, position }, chunkSize]) => {
      const shapes = model.shapes(config);
      const left = prefixed('state.', states(config, b));
      const initial = Object.entries(position === 0 ? {} : left).map(([name, shape]) => [name, { shape }]);
      const weights = Object.entries(shapes).map(([path, shape]) => [`param.${path}`, weightSlot(path, shape)]);
      return {
        inputs: {
          tokens: { shape: [b, t], below: config.vocabulary },
          ...Object.fromEntries(weights),
          ...Object.fromEntries(initial),
        },
        // the read-out has a row for each of the embedding's, which may be more than there are tokens
        outputs: { logits: [b, t, shapes.embedding![0]!], ...left },
        settings: { config, chunkSize, position },
      };
    });
}

/** A model in a mode, as a program. */
export const modelProgram =
  <C, P extends Tree, S extends Tree>(model: LanguageModel<C, P, S>, name: ModeName): Program<ModelSettings<C>> =>
  (inputs, { config, chunkSize, position }) => {
    const params = treeOf(stripped(inputs, 'param.')) as P;
    const tokens = inputs.tokens!;
    const given = stripped(inputs, 'state.');
    const empty = model.start(params, config, tokens.shape[0]!);
    const layers = Object.keys(given).length > 0 ? (treeOf(given) as readonly S[]) : empty.layers;
    const state: ModelState<S> = { position, layers };
    const result = model.forward(params, config, tokens, state, modeOf(name, chunkSize));
    return { logits: result.logits, ...prefixed('state.', Object.fromEntries(namedLeavesOf(result.state.layers))) };
  };

/** A model in every mode. */
export const modelModes = <C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
): Record<string, Program<ModelSettings<C>>> =>
  Object.fromEntries(modeNames.map((name) => [name, modelProgram(model, name)]));

/** Time and batch of a model whose states have these paths. */
export function modelAxes<C>(states: readonly string[]): Required<Pick<Operator<ModelSettings<C>>, 'time' | 'axes'>> {
  const names = states.map((path) => `state.${path}`);
  return {
    time: {
      inputs: { tokens: 1 },
      outputs: { logits: 1 },
      states: Object.fromEntries(names.map((name) => [name, name])),
      after: (settings, tokens) => ({ ...settings, position: settings.position + tokens }),
    },
    axes: { batch: { tokens: 0, logits: 0, ...Object.fromEntries(names.map((name) => [name, 0])) } },
  };
}
