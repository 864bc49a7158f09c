/** @file What language models have in common as operators: their parameters are inputs, so every one of them gets a gradient. */
import * as fc from 'fast-check';
import { forwardBatch } from '../../models/batch.ts';
import type { LanguageModel, ModelState } from '../../models/language-model.ts';
import type { Shape } from '../../tensor/shape.ts';
import { namedLeavesOf, type Tree, treeOf } from '../../tensor/tree.ts';
import { batchable, type InBatch, ownOf, statesByName } from '../batchable.ts';
import type { Layout, Slot } from '../case.ts';
import { chunkDraws, chunkSizeOf, lengths, small } from '../draw.ts';
import { stripped } from '../named.ts';
import type { Operator, Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { type ModeName, modeNames, modeOf } from './shared/modes.ts';

/** Settings of a model: its configuration, the chunk size, and how many tokens came before. */
export type ModelSettings<C> = { readonly config: C; readonly chunkSize: number; readonly position: number };

/** What every configuration has. */
export interface AnyConfig {
  readonly vocabulary: number;
  readonly layers: number;
}

/** A weight's slot: norms around 1, maps scaled so that activations stay of order 1. */
export const weightSlot = (path: string, shape: Shape): Slot => {
  const isNorm = path.toLowerCase().endsWith('norm');
  return isNorm ? { shape, centre: 1, spread: 0.3 } : { shape, spread: 1 / Math.sqrt(Math.max(1, shape.at(-1)!)) };
};

/** The shapes of one layer's state after some tokens, by the place of each value in it ('' where it is a value itself). */
export type StateShapes<C> = (config: C, b: number, tokens: number) => Readonly<Record<string, Shape>>;

/** `state.l`, or `state.l.place`, of every layer. */
const stateNames = (layers: number, places: readonly string[]): string[] =>
  Array.from({ length: layers }, (_, l) =>
    places.map((place) => (place === '' ? `state.${l}` : `state.${l}.${place}`)),
  ).flat();

function layouts<C extends AnyConfig, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  configs: fc.Arbitrary<C>,
  stateShapes: StateShapes<C>,
  longest: (config: C) => number,
  size: Size,
): fc.Arbitrary<Layout<ModelSettings<C>>> {
  return fc
    .record({
      b: small(2),
      drawn: lengths(size),
      config: configs,
      chunk: chunkDraws,
      position: fc.constantFrom(0, 0, 0, 1, 3),
    })
    .map(({ b, drawn, config, chunk, position }) => {
      const t = Math.min(drawn, longest(config));
      const shapes = model.shapes(config);
      const weights = Object.entries(shapes).map(([path, shape]) => [`param.${path}`, weightSlot(path, shape)]);
      // the read-out of a padded vocabulary has more rows than there are tokens
      const [rows] = shapes.head ?? shapes.embedding!;
      const states = (tokens: number): [string, Shape][] => {
        const places = stateShapes(config, b, tokens);
        const ofLayer = Object.values(places);
        return stateNames(config.layers, Object.keys(places)).map((name, i) => [name, ofLayer[i % ofLayer.length]!]);
      };
      const initial: [string, Slot][] =
        position === 0 ? [] : states(position).map(([name, shape]) => [name, { shape }]);
      return {
        inputs: {
          tokens: { shape: [b, t], below: config.vocabulary },
          ...Object.fromEntries(weights),
          ...Object.fromEntries(initial),
        },
        outputs: { logits: [b, t, rows!], ...Object.fromEntries(states(position + t)) },
        settings: { config, chunkSize: chunkSizeOf(chunk, t), position },
      };
    });
}

/** The state among inputs, or the model's own start for `batch` sequences. */
function stateIn<C, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  params: P,
  { config, position }: ModelSettings<C>,
  inputs: Named,
  batch: number,
): ModelState<S> {
  const given = Object.values(treeOf(stripped(inputs, 'state.')) as Record<string, S>);
  return { position, layers: given.length > 0 ? given : model.start(params, config, batch).layers };
}

/** The values of a state under their names. */
const namedState = <S extends Tree>({ layers }: ModelState<S>): Named =>
  Object.fromEntries(namedLeavesOf(layers).map(([path, s]) => [`state.${path}`, s]));

/** A model in a mode, from the states among its inputs, or from its own start. */
export const modelProgram =
  <C, P extends Tree, S extends Tree>(model: LanguageModel<C, P, S>, name: ModeName): Program<ModelSettings<C>> =>
  (inputs, settings) => {
    const params = treeOf(stripped(inputs, 'param.')) as P;
    const tokens = inputs.tokens!;
    const before = stateIn(model, params, settings, inputs, tokens.shape[0]!);
    const { logits, state } = model.forward(params, settings.config, tokens, before, modeOf(name, settings.chunkSize));
    return { logits, ...namedState(state) };
  };

/** The same on a batch. */
const batchProgram =
  <C, P extends Tree, S extends Tree>(
    model: LanguageModel<C, P, S>,
    name: ModeName,
  ): Program<InBatch<ModelSettings<C>>> =>
  (inputs, settings) => {
    const { config, chunkSize, batch } = settings;
    const params = treeOf(stripped(inputs, 'param.')) as P;
    const before = batch.spans.map((_, i) => stateIn(model, params, settings, ownOf(inputs, i), 1));
    const mode = modeOf(name, chunkSize);
    const { logits, states } = forwardBatch(model, params, config, batch, inputs.tokens!, before, mode);
    return { logits, ...statesByName(states.map(namedState)) };
  };

/** What a model's states are like. */
interface StatesOf<C> {
  /** The places of the values in one layer's state. */
  readonly places: readonly string[];
  /** Whether their axis 2 is time. */
  readonly growing?: boolean;
  /** How long a sequence may be before rounding grows until bounds say nothing. */
  readonly longest?: (config: C) => number;
}

/** A model as an operator. */
export function modelOperator<C extends AnyConfig, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  configs: fc.Arbitrary<C>,
  stateShapes: StateShapes<C>,
  { places, growing = false, longest = () => Number.POSITIVE_INFINITY }: StatesOf<C>,
  rest: Pick<Operator<ModelSettings<C>>, 'name' | 'chapter' | 'definition'> & Partial<Operator<ModelSettings<C>>>,
): Operator<ModelSettings<C>> {
  const states = stateNames(4, places);
  const operator: Operator<ModelSettings<C>> = {
    layouts: (size) => layouts(model, configs, stateShapes, longest, size),
    // the norms between layers blow up what wide or sparse numbers lose, until bounds say nothing
    values: ['normal'],
    modes: Object.fromEntries(modeNames.map((name) => [name, modelProgram(model, name)])),
    reference: 'recurrent',
    modesAgree: () => true,
    admits: () => true,
    defines: () => true,
    time: {
      inputs: { tokens: 1 },
      outputs: { logits: 1 },
      states: Object.fromEntries(states.map((name) => [name, name])),
      grows: growing ? Object.fromEntries(states.map((name) => [name, 2])) : {},
      after: (settings, tokens) => ({ ...settings, position: settings.position + tokens }),
    },
    axes: { batch: { tokens: 0, logits: 0, ...Object.fromEntries(states.map((name) => [name, 0])) } },
    ...rest,
  };
  return batchable(operator, Object.fromEntries(modeNames.map((name) => [name, batchProgram(model, name)])));
}
