/** @file Declares the fusion of a layer's own keys with the dense keys (Eq. 23). */
import { fusedKeys as definition, denseKeys } from '../../../../spec/21-dense-keys-and-values.ts';
import { defineOperator } from '../../define-operator.ts';
import { fusing } from '../shared/dense-features.ts';

/** The fusion of keys, Eq. 23. */
export const fusedKeys = defineOperator({ name: 'fusedKeys', equations: [23], ...fusing(denseKeys, definition) });
