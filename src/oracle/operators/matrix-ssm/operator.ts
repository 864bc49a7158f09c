/** @file Declares discrete state space models with a full matrix Ā (Eqs. 12 and 13). */
import { defineOperator } from '../../define-operator.ts';
import { over } from '../../over.ts';
import {
  inSsmModes,
  type SsmSettings,
  ssmDefinedBy,
  ssmDefinition,
  ssmLayouts,
  ssmModesWithoutScan,
  ssmPrograms,
} from '../shared/ssm.ts';

const signature = 'x bte, a enn, b en, c en, state ben -> output bte, state ben';

export const matrixSsm = defineOperator({
  name: 'matrixSsm',
  equations: [12, 13],
  definedBy: inSsmModes(ssmModesWithoutScan, (name) => ssmDefinedBy[name]),
  signature,
  layouts: ssmLayouts(signature, (n) => 1 / n),
  definition: over('be', signature, ({ x, a, b, c, state }, _settings: SsmSettings, { mode }) =>
    ssmDefinition(x, { aBar: a, bBar: b, c }, state, mode),
  ),
  modes: ssmPrograms(ssmModesWithoutScan),
  reference: 'recurrent',
  laws: { heads: 'e', linearIn: ['x', 'state'], exact: true, spectral: ['fft'], timeInvariant: true },
});
