/** @file The Transformer as an operator: its definition speaks of every position, as its state is all that came before. */
import * as fc from 'fast-check';
import type { KeyValueCache } from '../../../spec/01-attention.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { type TransformerParameters, transformer as transformerDefinition } from '../../../spec/transformer.ts';
import { type TransformerConfig, transformer } from '../../models/transformer.ts';
import { treeOf } from '../../tensor/tree.ts';
import { fromLists, type Tensor, type Tensors, toLists } from '../case.ts';
import { small } from '../draw.ts';
import { stripped } from '../named.ts';
import { type ModelSettings, modelOperator } from './language-models.ts';

const configs: fc.Arbitrary<TransformerConfig> = fc
  .record({
    vocabulary: small(7, 2),
    heads: small(2),
    pairs: small(2),
    ffnWidth: small(4),
    layers: small(2),
    rotaryBase: fc.constantFrom(10000, 10),
    rotaryPairs: fc.constantFrom('neighbours', 'halves'),
    scoreScaling: fc.constantFrom('none', 'rootKeyWidth'),
    tiedHead: fc.boolean(),
  })
  .map(({ pairs, ...sizes }) => ({ ...sizes, width: 2 * pairs * sizes.heads, epsilon: 1e-6 }));

const places = ['keys', 'values'] as const;

/** The definition, for every sequence of the batch. */
function define(inputs: Tensors, { config, position }: ModelSettings<TransformerConfig>): Tensors {
  const named = (prefix: string) =>
    Object.entries(stripped(inputs, prefix)).map(([path, x]: [string, Tensor]) => [path, toLists(x)] as const);
  const params = treeOf(Object.fromEntries(named('param.'))) as TransformerParameters;
  const sequences = toLists(inputs.tokens!) as readonly (readonly number[])[];
  const states = Object.fromEntries(named('state.')) as unknown as Readonly<Record<string, readonly Matrix[][]>>;
  const cacheOf = (l: number, b: number, a: number): KeyValueCache => ({
    keys: states[`${l}.keys`]![b]![a]!,
    values: states[`${l}.values`]![b]![a]!,
  });
  const heads = Array.from({ length: config.heads }, (_, a) => a);
  const layers = Array.from({ length: config.layers }, (_, l) => l);
  const results = sequences.map((tokens, b) => {
    const before = position === 0 ? undefined : layers.map((l) => heads.map((a) => cacheOf(l, b, a)));
    return transformerDefinition(params, config, tokens, before);
  });
  const [b, t] = inputs.tokens!.shape as readonly [number, number];
  const shape = [b, config.heads, position + t, config.width / config.heads];
  const caches = layers.flatMap((l) =>
    places.map((place) => {
      const lists = results.map((result) => result.caches[l]!.map((cache) => cache[place]));
      return [`state.${l}.${place}`, fromLists(lists, shape)] as const;
    }),
  );
  const logits = fromLists(
    results.map((result) => result.logits),
    [b, t, config.vocabulary],
  );
  return { logits, ...Object.fromEntries(caches) };
}

/** The Transformer, with and without a head of its own, under each of its readings. */
export const transformerOperator = modelOperator(
  transformer,
  configs,
  ({ heads, width }, b, tokens) => {
    const shape = [b, heads, tokens, width / heads];
    return { keys: shape, values: shape };
  },
  { places, growing: true },
  { name: 'transformer', chapter: 'spec/transformer.ts', definition: define },
);
