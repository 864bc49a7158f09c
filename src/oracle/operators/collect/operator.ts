/** @file What a layer collects from the states of the layers before it (Eq. 10). */
import { collect as definition } from '../../../../spec/10-dense-hidden.ts';
import { defineOperator } from '../../define-operator.ts';
import { collecting } from '../shared/dense-features.ts';

/** Eq. 10 */
export const collect = defineOperator({ name: 'collect', equations: [10], ...collecting(definition) });
