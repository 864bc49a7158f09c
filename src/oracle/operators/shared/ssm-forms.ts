/** @file Lists the forms of diagonal state space models: a convolution, with other formulas for powers of decays. */
import { convolveBy, convolveChunksBy } from '../../../nn/ssm/convolution.ts';
import type { StateValue } from '../../../nn/ssm/form.ts';
import type { Powers } from '../../../nn/ssm/powers.ts';
import type { Form } from '../../operator.ts';
import { inSsmModes, type SsmModeName, type SsmSettings, ssmProgram } from './ssm.ts';

const isConvolution = (name: SsmModeName): boolean => name === 'direct' || name === 'fft' || name === 'chunkwise';

/** The form `exponentialPowers` of each mode, with its formula for powers. Kernels asked for any mode may convolve. */
export const exponentialPowers = (
  modes: readonly SsmModeName[],
  powers: Powers,
  formula: string,
): {
  says: Readonly<Record<string, string>>;
  forms: Readonly<Record<string, Readonly<Record<'exponentialPowers', Form<SsmSettings>>>>>;
} => ({
  says: inSsmModes(modes, (name) => (isConvolution(name) ? 'powers of decays by doubling' : 'products of decays')),
  forms: inSsmModes(modes, (name) => ({
    exponentialPowers: {
      says: `a convolution with a kernel, from powers of decays as ${formula}`,
      loses: 'where a decay is 0, whose logarithm is −∞',
      program: ssmProgram<StateValue>(({ state, chunkSize, ...inputs }) =>
        name === 'chunkwise'
          ? convolveChunksBy(chunkSize, powers)(inputs, state)
          : convolveBy(name === 'fft' ? 'fft' : 'direct', powers)(inputs, state),
      ),
    },
  })),
});
