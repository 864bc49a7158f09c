/** @file Declares discrete state space models with a diagonal Ā (Eqs. 5–8), in every mode. */
import { diagonal } from '../../../../spec/05-discrete-recurrence.ts';
import { convolveBy, convolveChunksBy } from '../../../nn/ssm/convolution.ts';
import { defineOperator } from '../../define-operator.ts';
import { anyAssociation } from '../../draw.ts';
import { powersByLogarithm } from '../../forms/logarithmic-powers.ts';
import { over } from '../../over.ts';
import {
  inSsmModes,
  type SsmModeName,
  type SsmSettings,
  ssmDefinedBy,
  ssmDefinition,
  ssmLayouts,
  ssmModes,
  ssmProgram,
  ssmPrograms,
} from '../shared/ssm.ts';

const signature = 'x bte, a en, b en, c en, state ben -> output bte, state ben';

const isConvolution = (name: SsmModeName): boolean => name === 'direct' || name === 'fft' || name === 'chunkwise';

export const diagonalSsm = defineOperator({
  name: 'diagonalSsm',
  equations: [5, 6, 7, 8],
  definedBy: inSsmModes(ssmModes, (name) => ssmDefinedBy[name]),
  signature,
  layouts: ssmLayouts(signature, () => 1),
  definition: over('be', signature, ({ x, a, b, c, state }, _settings: SsmSettings, { mode }) =>
    ssmDefinition(x, { aBar: diagonal(a), bBar: b, c }, state, mode),
  ),
  modes: ssmPrograms(ssmModes),
  says: inSsmModes(ssmModes, (name) => (isConvolution(name) ? 'powers of decays by doubling' : 'products of decays')),
  forms: inSsmModes(ssmModes, (name) => ({
    exponentialPowers: {
      says: 'a convolution with a kernel, from powers of decays as exp(τ log |a|)',
      loses: 'where a decay is 0, whose logarithm is −∞',
      program: ssmProgram(({ state, chunkSize, ...inputs }) =>
        name === 'chunkwise'
          ? convolveChunksBy(chunkSize, powersByLogarithm)(inputs, state)
          : convolveBy(name === 'fft' ? 'fft' : 'direct', powersByLogarithm)(inputs, state),
      ),
    },
  })),
  reference: 'recurrent',
  boundsOf: anyAssociation,
  laws: { heads: 'e', linearIn: ['x', 'state'], exact: true, spectral: ['fft'], timeInvariant: true },
});
