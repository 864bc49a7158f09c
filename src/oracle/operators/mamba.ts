/** @file Mamba as an operator. */
import * as fc from 'fast-check';
import { mamba as definition, type MambaLayerState, type MambaParameters } from '../../../spec/mamba.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { mamba } from '../../models/mamba.ts';
import { embeddingRows, type MambaConfig } from '../../models/mamba-config.ts';
import type { Shape } from '../../tensor/shape.ts';
import { treeOf } from '../../tensor/tree.ts';
import { type Lists, type Tensors, toLists } from '../case.ts';
import { type Operator, plain } from '../operator.ts';
import { small } from './draw.ts';
import { type ModelSettings, modelAxes, modelLayouts, modelModes } from './language-models.ts';
import { joinedResults, partsOf } from './per-sequence.ts';
import { stripped } from './tokens.ts';

const deepest = 2;

const configs: fc.Arbitrary<MambaConfig> = fc
  .record({
    vocabulary: small(7, 2),
    // norms of a single channel leave nothing but a sign, and gradients that cancel to ε
    width: small(5, 2),
    layers: small(deepest),
    innerWidth: small(5),
    stateSize: small(3),
    deltaRank: small(2),
    convolutionWidth: small(4),
    convolutionBias: fc.boolean(),
    projectionBias: fc.boolean(),
    vocabularyMultiple: fc.constantFrom(1, 4),
  })
  .map((sizes) => ({ ...sizes, epsilon: 1e-5 }));

/** The shapes of the states of every layer by path. */
function stateShapes(config: MambaConfig, b: number): Record<string, Shape> {
  const { layers, innerWidth, stateSize, convolutionWidth } = config;
  const ofLayer = (l: number): [string, Shape][] => [
    [`${l}.conv`, [b, convolutionWidth, innerWidth]],
    [`${l}.ssm`, [b, innerWidth, stateSize]],
  ];
  return Object.fromEntries(Array.from({ length: layers }, (_, l) => ofLayer(l)).flat());
}

function define(inputs: Tensors, { config }: ModelSettings<MambaConfig>): Tensors {
  const weights = Object.entries(stripped(inputs, 'param.')).map(([path, x]): [string, Lists] => [path, toLists(x)]);
  const params = treeOf(Object.fromEntries(weights)) as MambaParameters;
  const part = partsOf(inputs);
  const [b, t] = inputs.tokens!.shape as readonly [number, number];
  const left = Object.entries(stateShapes(config, b)).map(([path, shape]) => [`state.${path}`, shape] as const);
  const shapes: Record<string, Shape> = { logits: [b, t, embeddingRows(config)], ...Object.fromEntries(left) };
  return joinedResults([b], shapes, (i) => {
    const layers = 'state.0.conv' in inputs ? config.layers : 0;
    const states = Array.from({ length: layers }, (_, l): MambaLayerState => {
      const [window, scan] = [part<Matrix>(`state.${l}.conv`, i!), part<Matrix>(`state.${l}.ssm`, i!)];
      return { window, scan };
    });
    const result = definition(params, config, part<readonly number[]>('tokens', i!), states);
    const after = result.states.flatMap(({ window, scan }, l): [string, Matrix][] => [
      [`state.${l}.conv`, window],
      [`state.${l}.ssm`, scan],
    ]);
    return { logits: result.logits, ...Object.fromEntries(after) };
  });
}

const statePaths = Array.from({ length: deepest }, (_, l) => [`${l}.conv`, `${l}.ssm`]).flat();

/** Mamba as a language model, from the first token on or continuing. */
export const mambaOperator: Operator<ModelSettings<MambaConfig>> = {
  ...plain,
  ...modelAxes<MambaConfig>(statePaths),
  name: 'mamba',
  chapter: 'spec/mamba.ts',
  evidence: ['T'],
  // the norms between layers blow up what wide or sparse numbers lose, until bounds say nothing
  values: ['normal'],
  layouts: (size) => modelLayouts(mamba, configs, stateShapes, size),
  definition: define,
  modes: modelModes(mamba),
  reference: 'recurrent',
};
