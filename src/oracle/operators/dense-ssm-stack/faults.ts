/** @file Faults of denseSsmStack: wrong dense connections of states, another discretisation. */
import { denseSsmForward, denseSsmWiring } from '../../../models/dense-ssm.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { faultsOf } from '../../fault.ts';
import type { Program } from '../../program.ts';
import { wrongDenseStates, wrongSources } from '../shared/dense-state-faults.ts';
import type { SsmModeName } from '../shared/ssm.ts';
import { denseSsmStackOperator, type StackSettings, stackProgram } from './operator.ts';

/** Makes the stack in a mode with changed wiring. */
const wired = (mode: SsmModeName, wiring: Partial<typeof denseSsmWiring>): Program<StackSettings> =>
  stackProgram(mode, denseSsmForward({ ...denseSsmWiring, ...wiring }));

export const denseSsmStackFaults = faultsOf(denseSsmStackOperator, [
  ...wrongDenseStates<StackSettings>('logStep'),
  ...wrongSources.map(({ change, ...description }) => ({
    ...description,
    mode: 'logStep',
    program: wired('logStep', { sources: (passed, config) => change(denseSsmWiring.sources(passed, config)) }),
  })),
  {
    mode: 'direct',
    name: 'euler-input',
    says: "B̄ by Euler's rule, as in Mamba, where the zero-order hold is meant",
    rejectedBy: ['definition', 'modes'],
    program: wired('direct', {
      discretise: (layer) => {
        const step = reshape(layer.delta, [layer.delta.shape[0]!, 1]);
        return { ...denseSsmWiring.discretise(layer), b: mul(step, layer.b) };
      },
    }),
  },
]);
