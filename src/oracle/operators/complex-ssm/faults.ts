/** @file Faults of complexSsm: conjugates and imaginary parts. */
import type { Complex } from '../../../nn/ssm/complex.ts';
import { chunkwiseSsm, convolutionSsm } from '../../../nn/ssm/convolution.ts';
import { logStepSsm, recurrentSsm } from '../../../nn/ssm/sequential.ts';
import { constantLike, zerosLike } from '../../../tensor/operand.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { faultsOf } from '../../fault.ts';
import { ssmProgram } from '../shared/ssm.ts';
import { complexSsm } from './operator.ts';

export const complexSsmFaults = faultsOf(complexSsm, [
  {
    mode: 'recurrent',
    name: 'conjugate-forgotten',
    says: 'Re C h instead of 2 Re C h',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: ssmProgram<Complex>(({ state, ...rest }) => {
      const result = recurrentSsm(rest, state);
      return { ...result, output: mul(result.output, constantLike(result.output, Float64Array.of(0.5), [1, 1, 1])) };
    }),
  },
  {
    mode: 'direct',
    name: 'kernel-of-conjugates',
    says: 'the kernel uses the conjugate eigenvalues; the state does not',
    rejectedBy: ['definition', 'modes', 'resumable'],
    program: ssmProgram<Complex>(({ state, a, ...rest }) => {
      const turned = { ...rest, a: { re: a.re, im: mul(a.im, constantLike(a.im, Float64Array.of(-1), [1, 1])) } };
      return {
        ...convolutionSsm('direct')(turned, state),
        state: convolutionSsm('direct')({ ...rest, a }, state).state,
      };
    }),
  },
  {
    mode: 'logStep',
    name: 'imaginary-part-dropped',
    says: 'the state is handed over as a real one',
    rejectedBy: ['definition', 'resumable', 'decoding'],
    program: ssmProgram<Complex>(({ state, ...rest }) => {
      const result = logStepSsm(rest, state);
      return { ...result, state: { re: result.state.re, im: zerosLike(result.state.im) } };
    }),
  },
  {
    mode: 'chunkwise',
    name: 'gates-apart',
    says: 'real and imaginary parts decay apart',
    rejectedBy: ['definition', 'modes', 'chunks'],
    program: ssmProgram<Complex>(({ state, chunkSize, ...rest }) => {
      const result = chunkwiseSsm(chunkSize)(rest, state);
      const real = { ...rest, a: { re: rest.a.re, im: zerosLike(rest.a.im) } };
      return { ...result, output: chunkwiseSsm(chunkSize)(real, state).output };
    }),
  },
]);
