/** @file Dense values: what a layer collects from the values of the layers before it (Eq. 22). */
import { denseValues as definition } from '../../../../spec/21-dense-keys-and-values.ts';
import { defineOperator } from '../../define-operator.ts';
import { collecting } from '../shared/dense-features.ts';

/** Eq. 22 */
export const denseValues = defineOperator({ name: 'denseValues', equations: [22], ...collecting(definition) });
