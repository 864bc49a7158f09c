/** @file Declares discrete state space models with a diagonal Ā (Eqs. 5–8), in every mode. */
import { diagonal } from '../../../../spec/05-discrete-recurrence.ts';
import { defineOperator } from '../../define-operator.ts';
import { anyAssociation } from '../../draw.ts';
import { powersByLogarithm } from '../../forms/logarithmic-powers.ts';
import { over } from '../../over.ts';
import {
  inSsmModes,
  type SsmSettings,
  ssmDefinedBy,
  ssmDefinition,
  ssmLayouts,
  ssmModes,
  ssmPrograms,
} from '../shared/ssm.ts';
import { exponentialPowers } from '../shared/ssm-forms.ts';

const signature = 'x bte, a en, b en, c en, state ben -> output bte, state ben';

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
  ...exponentialPowers(ssmModes, powersByLogarithm, 'exp(τ log |a|)'),
  reference: 'recurrent',
  boundsOf: anyAssociation,
  laws: { heads: 'e', linearIn: ['x', 'state'], exact: true, spectral: ['fft'], timeInvariant: true },
});
