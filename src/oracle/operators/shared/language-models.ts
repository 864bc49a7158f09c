/** @file Makes operators from language models. Parameters are inputs, so each of them gets a gradient. */
import * as fc from 'fast-check';
import { forwardBatch } from '../../../models/batch.ts';
import type { LanguageModel, ModelState } from '../../../models/language-model.ts';
import type { Shape } from '../../../tensor/shape.ts';
import { namedLeavesOf, type Tree, treeOf } from '../../../tensor/tree.ts';
import { type InBatch, ownOf, statesByName } from '../../batchable.ts';
import type { Layout, Lists, Slot } from '../../case.ts';
import { type Declaration, defineOperator } from '../../define-operator.ts';
import { axis, chunkDraws, chunkSizeOf, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { stripped } from '../../named.ts';
import type { Operator, ProgramOf, Size } from '../../operator.ts';
import type { Named, Program } from '../../program.ts';
import { type Lengths, signatureOf } from '../../signature.ts';
import { inModes, type ModeName, modeOf } from './modes.ts';
import { laterPosition } from './retention.ts';

/** Settings of a model: its configuration, the chunk size, and the number of earlier tokens. */
export type ModelSettings<C> = { readonly config: C; readonly chunkSize: number; readonly position: number };

/** The fields of every configuration. */
export interface AnyConfig {
  readonly vocabulary: number;
  readonly layers: number;
}

/** The declaration of a model. Its signature has a term for each part of a layer's state, such as `state.*` or `state.*.keys`. */
export interface ModelDeclaration<C extends AnyConfig, P extends Tree, S extends Tree, Text extends string>
  extends Omit<
    Declaration<ModelSettings<C>, Text>,
    'layouts' | 'values' | 'modes' | 'together' | 'reference' | 'after'
  > {
  readonly model: LanguageModel<C, P, S>;
  readonly configs: fc.Arbitrary<C>;
  /** The lengths of the letters of a layer's state. */
  lengthsOf(config: NoInfer<C>): Lengths;
  /** The longest sequence for which bounds are still useful. */
  longest?(config: NoInfer<C>): number;
  /** The longest sequence that is drawn unless a domain gives lengths. */
  readonly usual?: number;
  /** The modes that are rows; every one unless given. */
  readonly modes?: readonly ModeName[];
}

/** Makes the slot of a weight: norms lie around 1, and maps are scaled to keep activations of order 1. */
export const weightSlot = (path: string, shape: Shape): Slot => {
  const isNorm = path.toLowerCase().endsWith('norm');
  if (isNorm) return { shape, centre: 1, spread: 0.3, powers: 0 };
  // steps from almost 0 to large ones
  const powers = path.endsWith('deltaBias') ? 10 : 0;
  return { shape, spread: 1 / Math.sqrt(Math.max(1, shape.at(-1)!)), powers };
};

/** Lists the names of all layers' states, layer by layer. */
export const stateNames = (text: string, layers: number): string[] => {
  const patterns = signatureOf(text).outputs.flatMap(({ pattern }) => (pattern.includes('*') ? [pattern] : []));
  return Array.from({ length: layers }, (_, l) => patterns.map((pattern) => pattern.replace('*', `${l}`))).flat();
};

/** Collects the parameters among a definition's inputs into a tree. */
export const paramsIn = (inputs: Readonly<Record<string, Lists>>): unknown => treeOf(stripped(inputs, 'param.'));

/** Collects the states of all layers among a definition's inputs; empty at the start of a sequence. */
export const statesIn = <S>(inputs: Readonly<Record<string, Lists>>): S[] =>
  Object.values(treeOf(stripped(inputs, 'state.')) as Readonly<Record<string, S>>);

/** Names the states of all layers: `state.0.keys`, … */
export const namedStates = <X>(layers: readonly Readonly<Record<string, X>>[]): Record<string, X> =>
  Object.fromEntries(
    layers.flatMap((layer, l) => Object.entries(layer).map(([place, x]) => [`state.${l}.${place}`, x])),
  );

function layouts<C extends AnyConfig, P extends Tree, S extends Tree, Text extends string>(
  declaration: ModelDeclaration<C, P, S, Text>,
  size: Size,
): fc.Arbitrary<Layout<ModelSettings<C>>> {
  const {
    model,
    configs,
    signature,
    lengthsOf,
    longest = () => Number.POSITIVE_INFINITY,
    usual = size.longest,
  } = declaration;
  return fc
    .record({
      b: axis(size, 'b', 2),
      drawn: lengths({ ...size, longest: Math.min(usual, size.longest) }),
      config: configs,
      chunk: chunkDraws,
      position: fc.constantFrom(0, 0, 0, 1, 3),
    })
    .map(({ b, drawn, config, chunk, position }) => {
      const t = Math.min(drawn, longest(config));
      const shapes = model.shapes(config);
      const weights = Object.entries(shapes).map(([path, shape]) => [`param.${path}`, weightSlot(path, shape)]);
      // if the vocabulary is padded, the head has more rows than there are tokens
      const [o] = (shapes.head ?? shapes.embedding) as readonly [number, number];
      const states = stateNames(signature, config.layers);
      return layoutOf(signature, {
        lengths: { b, t, s: position, o, ...lengthsOf(config) },
        settings: { config, chunkSize: chunkSizeOf(chunk, t), position },
        inputs: {
          tokens: { below: config.vocabulary },
          ...Object.fromEntries(weights),
          ...(position > 0 && Object.fromEntries(states.map((name) => [name, {}]))),
        },
        outputs: ['logits', ...states],
      });
    });
}

/** Returns the state given in the inputs, or the model's own initial state for `batch` sequences. */
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

/** Names the values of a state. */
const namedState = <S extends Tree>({ layers }: ModelState<S>): Named =>
  Object.fromEntries(namedLeavesOf(layers).map(([path, s]) => [`state.${path}`, s]));

/** Makes a program of a model in a mode. It starts from the given states, or from the model's own initial state. */
export const modelProgram =
  <C, P extends Tree, S extends Tree>(model: LanguageModel<C, P, S>, name: ModeName): Program<ModelSettings<C>> =>
  (inputs, settings) => {
    const params = treeOf(stripped(inputs, 'param.')) as P;
    const tokens = inputs.tokens!;
    const before = stateIn(model, params, settings, inputs, tokens.shape[0]!);
    const { logits, state } = model.forward(params, settings.config, tokens, before, modeOf(name, settings.chunkSize));
    return { logits, ...namedState(state) };
  };

/** As `modelProgram`, on a batch. */
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

/** Makes an operator from a model. */
export function modelOperator<C extends AnyConfig, P extends Tree, S extends Tree, const Text extends string>(
  declaration: ModelDeclaration<C, P, S, Text>,
): Operator<ModelSettings<C>, Text> {
  const {
    model,
    configs: _configs,
    lengthsOf: _lengths,
    longest: _longest,
    usual: _usual,
    modes,
    ...rest
  } = declaration;
  return defineOperator<Text, ModelSettings<C>>({
    ...rest,
    layouts: (size) => layouts(declaration, size),
    // norms between layers amplify the rounding errors of wide or sparse numbers until bounds are useless
    values: ['normal'],
    modes: inModes(modes, (name) => modelProgram(model, name) as ProgramOf<Text, ModelSettings<C>>),
    together: inModes(modes, (name) => batchProgram(model, name)),
    reference: 'recurrent',
    after: laterPosition,
  });
}
