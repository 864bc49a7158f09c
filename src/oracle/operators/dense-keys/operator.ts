/** @file Dense keys: what a layer collects from the keys of the layers before it (Eq. 21). */
import { denseKeys as definition } from '../../../../spec/21-dense-keys-and-values.ts';
import { defineOperator } from '../../define-operator.ts';
import { collecting } from '../shared/dense-features.ts';

/** Eq. 21 */
export const denseKeys = defineOperator({ name: 'denseKeys', equations: [21], ...collecting(definition) });
