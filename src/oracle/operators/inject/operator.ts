/** @file Declares the fusion of a layer's own state with the collected states (Eq. 11). */
import { collect, inject as definition } from '../../../../spec/10-dense-hidden.ts';
import { defineOperator } from '../../define-operator.ts';
import { fusing } from '../shared/dense-features.ts';

/** The fusion of states, Eq. 11. */
export const inject = defineOperator({ name: 'inject', equations: [11], ...fusing(collect, definition) });
