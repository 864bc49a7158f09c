/** @file Declares DenseMamba as a language model under every reading, with or without an initial state. */
import * as fc from 'fast-check';
import { denseMamba as definition } from '../../../../spec/dense-mamba.ts';
import { denseMamba, denseMambaAdmits } from '../../../models/dense-mamba.ts';
import type { DenseMambaConfig } from '../../../models/dense-mamba-config.ts';
import { mamba } from '../../../models/mamba.ts';
import { small } from '../../draw.ts';
import type { Program } from '../../program.ts';
import {
  closedGates,
  denseDepths,
  longestOf,
  noDenseStates,
  ofFusion,
  stateReadings,
  withoutFusion,
} from '../shared/dense-states.ts';
import { type ModelSettings, modelOperator, modelProgram } from '../shared/language-models.ts';
import { mambaDefinition, mambaLengths, mambaSignature } from '../shared/mamba.ts';
import type { ModeName } from '../shared/modes.ts';

const configs: fc.Arbitrary<DenseMambaConfig> = fc
  .record({
    vocabulary: small(6, 2),
    // the norm of a single channel keeps only its sign, and its gradients cancel to ε
    width: small(4, 2),
    ...denseDepths,
    innerWidth: small(3, 2),
    stateSize: small(3),
    deltaRank: small(2),
    convolutionWidth: small(3),
    convolutionBias: fc.boolean(),
    states: stateReadings,
    gateInput: fc.constantFrom('normed', 'u'),
  })
  .map(({ states, gateInput, ...sizes }) => ({
    ...sizes,
    projectionBias: false,
    vocabularyMultiple: 1,
    epsilon: 1e-5,
    readings: { ...states, gateInput },
  }));

type Settings = ModelSettings<DenseMambaConfig>;

/** Runs Mamba in the same mode, without the weights of fusions. */
const asMamba = (mode: string): Program<Settings> => {
  const run = modelProgram(mamba, mode as ModeName);
  return (inputs, settings) => run(withoutFusion(inputs), settings);
};

export const denseMambaOperator = modelOperator({
  name: 'denseMamba',
  chapter: 'spec/dense-mamba.ts',
  evidence: ['N', 'F', 'R'],
  signature: mambaSignature,
  model: denseMamba,
  configs,
  lengthsOf: mambaLengths,
  longest: longestOf,
  admits: ({ config }, mode) => denseMambaAdmits(config, mode as ModeName),
  definition: mambaDefinition<DenseMambaConfig>((...call) => {
    const { logits, layers } = definition(...call);
    return { logits, states: layers.map(({ state }) => state) };
  }),
  laws: {
    reductions: {
      'm = 0': { change: noDenseStates, program: asMamba, ignores: ofFusion },
      'closed gates': { change: closedGates, program: asMamba, ignores: ofFusion },
    },
  },
});
