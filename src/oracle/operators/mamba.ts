/** @file Mamba as an operator. */
import * as fc from 'fast-check';
import { mamba as definition, type MambaLayerState, type MambaParameters } from '../../../spec/mamba.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { mamba } from '../../models/mamba.ts';
import { embeddingRows, type MambaConfig } from '../../models/mamba-config.ts';
import type { Shape } from '../../tensor/shape.ts';
import { treeOf } from '../../tensor/tree.ts';
import { type Lists, type Tensors, toLists } from '../case.ts';
import { small } from '../draw.ts';
import { stripped } from '../named.ts';
import type { Operator } from '../operator.ts';
import { type ModelSettings, modelOperator } from './language-models.ts';
import { joinedResults, partsOf } from './per-sequence.ts';

const configs: fc.Arbitrary<MambaConfig> = fc
  .record({
    vocabulary: small(7, 2),
    // norms of a single channel leave nothing but a sign, and gradients that cancel to ε
    width: small(5, 2),
    layers: small(2),
    innerWidth: small(5),
    stateSize: small(3),
    deltaRank: small(2),
    convolutionWidth: small(4),
    convolutionBias: fc.boolean(),
    projectionBias: fc.boolean(),
    vocabularyMultiple: fc.constantFrom(1, 4),
  })
  .map((sizes) => ({ ...sizes, epsilon: 1e-5 }));

/** The shapes of a layer's states. */
export const mambaStateShapes = ({ innerWidth, stateSize, convolutionWidth }: MambaConfig, b: number) => ({
  conv: [b, convolutionWidth, innerWidth],
  ssm: [b, innerWidth, stateSize],
});

/** A definition of Mamba's kind: one sequence, from the first token on or from states. */
type Definition = (
  params: unknown,
  tokens: readonly number[],
  states: readonly MambaLayerState[],
) => { readonly logits: Matrix; readonly states: readonly MambaLayerState[] };

/** What a definition of Mamba's kind says of every sequence of a batch. */
export function defineMamba(inputs: Tensors, config: MambaConfig, define: Definition): Tensors {
  const weights = Object.entries(stripped(inputs, 'param.')).map(([path, x]): [string, Lists] => [path, toLists(x)]);
  const params = treeOf(Object.fromEntries(weights));
  const part = partsOf(inputs);
  const [b, t] = inputs.tokens!.shape as readonly [number, number];
  const left = Array.from({ length: config.layers }, (_, l) =>
    Object.entries(mambaStateShapes(config, b)).map(([place, shape]): [string, Shape] => [
      `state.${l}.${place}`,
      shape,
    ]),
  ).flat();
  const shapes: Record<string, Shape> = { logits: [b, t, embeddingRows(config)], ...Object.fromEntries(left) };
  return joinedResults([b], shapes, (i) => {
    const layers = 'state.0.conv' in inputs ? config.layers : 0;
    const states = Array.from({ length: layers }, (_, l): MambaLayerState => {
      const [window, scan] = [part<Matrix>(`state.${l}.conv`, i!), part<Matrix>(`state.${l}.ssm`, i!)];
      return { window, scan };
    });
    const result = define(params, part<readonly number[]>('tokens', i!), states);
    const after = result.states.flatMap(({ window, scan }, l): [string, Matrix][] => [
      [`state.${l}.conv`, window],
      [`state.${l}.ssm`, scan],
    ]);
    return { logits: result.logits, ...Object.fromEntries(after) };
  });
}

/** Mamba as a language model, from the first token on or continuing. */
export const mambaOperator: Operator<ModelSettings<MambaConfig>> = modelOperator(
  mamba,
  configs,
  mambaStateShapes,
  { places: ['conv', 'ssm'] },
  {
    name: 'mamba',
    chapter: 'spec/mamba.ts',
    evidence: ['T'],
    definition: (inputs, { config }) =>
      defineMamba(inputs, config, (params, tokens, states) =>
        definition(params as MambaParameters, config, tokens, states),
      ),
  },
);
