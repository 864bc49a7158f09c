/** @file Faults of the degradation stack (Eq. 9): late reads, missing memory, stopped gradients. */
import { zerosLike } from '../../../tensor/operand.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { mapValues } from '../../named.ts';
import type { Named } from '../../program.ts';
import { tokenBefore } from '../shared/token-before.ts';
import { degradation } from './operator.ts';

/** Changes the weights of one name in every layer. */
const inLayers = (inputs: Named, weight: string, change: (x: Value) => Value): Named =>
  mapValues(inputs, (x, name) => (name.startsWith('layers.') && name.endsWith(`.${weight}`) ? change(x) : x));

export const degradationFaults = faultsOf(degradation, [
  {
    mode: 'layered',
    name: 'layers-run-late',
    says: 'a layer reads the one below it at the token before',
    rejectedBy: ['definition', 'modes', 'decoding'],
    program: (inputs, settings, run) => run({ ...inputs, bottom: tokenBefore(inputs.bottom) }, settings),
  },
  {
    mode: 'recurrent',
    name: 'memory-missing',
    says: 'Ā h_{t−1} is left out of every layer',
    rejectedBy: ['definition', 'resumable', 'derivative'],
    program: (inputs, settings, run) =>
      run(
        inLayers(inputs, 'a', (x) => zerosLike(x)),
        settings,
      ),
  },
  {
    mode: 'layered',
    name: 'gradient-stops-at-blocks',
    says: 'forward exact, but the blocks pass no gradient to the norm',
    rejectedBy: ['modes', 'derivative'],
    program: (inputs, settings, run) => run(inLayers(inputs, 'norm', stopGradient), settings),
  },
]);
