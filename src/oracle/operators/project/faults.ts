/** @file Faults of the projection: a transposed map, an added bias. */
import { project as onEngine } from '../../../nn/selective-transition.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { transpose } from '../../../tensor/primitives/transpose.ts';
import { faultsOf } from '../../fault.ts';
import { project } from './operator.ts';

export const projectFaults = faultsOf(project, [
  {
    mode: 'whole',
    name: 'map-transposed',
    says: 'applies Wᵀ instead of W',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: ({ h, 'param.projection': map }) => ({ projected: onEngine(h, map && transpose(map, [1, 0])) }),
  },
  {
    mode: 'whole',
    name: 'map-biased',
    says: 'adds a bias',
    rejectedBy: ['definition', 'linear'],
    program: ({ h, 'param.projection': map }) => ({ projected: add(onEngine(h, map), 2 ** -20) }),
  },
]);
