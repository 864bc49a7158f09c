/** @file A layer's own keys fused with the dense keys (Eq. 23). */
import { fusedKeys as definition, denseKeys } from '../../../../spec/21-dense-keys-and-values.ts';
import { defineOperator } from '../../define-operator.ts';
import { fusing } from '../shared/dense-features.ts';

/** Eq. 23 */
export const fusedKeys = defineOperator({ name: 'fusedKeys', equations: [23], ...fusing(denseKeys, definition) });
