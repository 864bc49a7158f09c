/** @file Faults of matrixSsm: a transposed matrix, a state added too late. */
import { logStepSsm, recurrentSsm } from '../../../nn/ssm/sequential.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { transpose } from '../../../tensor/primitives/transpose.ts';
import { faultsOf } from '../../fault.ts';
import { ssmProgram } from '../shared/ssm.ts';
import { matrixSsm } from './operator.ts';

export const matrixSsmFaults = faultsOf(matrixSsm, [
  {
    mode: 'recurrent',
    name: 'matrix-transposed',
    says: 'h Ā instead of Ā h',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: ssmProgram(({ state, a, ...rest }) => recurrentSsm({ ...rest, a: transpose(a, [0, 2, 1]) }, state)),
  },
  {
    mode: 'logStep',
    name: 'powers-commuted',
    says: 'the initial state is added after the last step',
    rejectedBy: ['definition', 'modes', 'resumable'],
    program: ssmProgram(({ state, ...rest }) => {
      const result = logStepSsm(rest, zerosLike(state));
      return { output: result.output, state: add(result.state, state) };
    }),
  },
]);
