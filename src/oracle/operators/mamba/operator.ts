/** @file Declares Mamba as a language model, with or without an initial state. */
import * as fc from 'fast-check';
import { mamba as definition } from '../../../../spec/mamba.ts';
import { mamba } from '../../../models/mamba.ts';
import type { MambaConfig } from '../../../models/mamba-config.ts';
import { small } from '../../draw.ts';
import { modelOperator } from '../shared/language-models.ts';
import { mambaDefinition, mambaLengths, mambaSignature } from '../shared/mamba.ts';

const configs: fc.Arbitrary<MambaConfig> = fc
  .record({
    vocabulary: small(7, 2),
    // the norm of a single channel keeps only its sign, and its gradients cancel to ε
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

export const mambaOperator = modelOperator({
  name: 'mamba',
  chapter: 'spec/mamba.ts',
  evidence: ['T'],
  signature: mambaSignature,
  model: mamba,
  configs,
  lengthsOf: mambaLengths,
  definition: mambaDefinition<MambaConfig>(definition),
});
