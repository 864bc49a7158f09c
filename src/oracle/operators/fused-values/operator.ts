/** @file Declares the fusion of a layer's own values with the dense values (Eq. 24). */
import { fusedValues as definition, denseValues } from '../../../../spec/21-dense-keys-and-values.ts';
import { defineOperator } from '../../define-operator.ts';
import { fusing } from '../shared/dense-features.ts';

/** The fusion of values, Eq. 24. */
export const fusedValues = defineOperator({ name: 'fusedValues', equations: [24], ...fusing(denseValues, definition) });
