/** @file Declares discrete state space models with n conjugate pairs of eigenvalues. Only one eigenvalue of each pair is stored. */
import { conjugatePairs } from '../../../../spec/05-discrete-recurrence.ts';
import { defineOperator } from '../../define-operator.ts';
import { polarPowers } from '../../forms/polar-powers.ts';
import { over } from '../../over.ts';
import { complexOf, interleaved, parted } from '../shared/complex.ts';
import { type SsmSettings, ssmDefinition, ssmLayouts, ssmModesWithoutScan, ssmPrograms } from '../shared/ssm.ts';
import { exponentialPowers } from '../shared/ssm-forms.ts';

const signature =
  'x bte, a.re en, a.im en, b.re en, b.im en, c.re en, c.im en, state.re ben, state.im ben -> output bte, state.re ben, state.im ben';

export const complexSsm = defineOperator({
  name: 'complexSsm',
  chapter: 'spec/05-discrete-recurrence.ts',
  evidence: [],
  signature,
  layouts: ssmLayouts(signature, () => 0.7),
  definition: over('be', signature, ({ x, ...parts }, _settings: SsmSettings, { mode }) => {
    const of = (name: 'a' | 'b' | 'c') => complexOf(parts[`${name}.re`], parts[`${name}.im`]);
    const h0 = interleaved(parts['state.re'], parts['state.im']);
    const { output, state } = ssmDefinition(x, conjugatePairs(of('a'), of('b'), of('c')), h0, mode);
    const { re, im } = parted(state);
    return { output, 'state.re': re, 'state.im': im };
  }),
  modes: ssmPrograms(ssmModesWithoutScan),
  ...exponentialPowers(ssmModesWithoutScan, polarPowers, 'r^τ (cos τθ + i sin τθ)'),
  reference: 'recurrent',
  laws: { heads: 'e', linearIn: ['x', 'state.re', 'state.im'], exact: true, spectral: ['fft'], timeInvariant: true },
});
