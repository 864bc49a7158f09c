/** @file Declares the collection of states from shallower layers (Eq. 10). */
import { collect as definition } from '../../../../spec/10-dense-hidden.ts';
import { defineOperator } from '../../define-operator.ts';
import { collecting } from '../shared/dense-features.ts';

/** The collection of states, Eq. 10. */
export const collect = defineOperator({ name: 'collect', equations: [10], ...collecting(definition) });
