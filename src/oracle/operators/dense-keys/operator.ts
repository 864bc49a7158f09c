/** @file Declares dense keys: the collection of keys from shallower layers (Eq. 21). */
import { denseKeys as definition } from '../../../../spec/21-dense-keys-and-values.ts';
import { defineOperator } from '../../define-operator.ts';
import { collecting } from '../shared/dense-features.ts';

/** The collection of keys, Eq. 21. */
export const denseKeys = defineOperator({ name: 'denseKeys', equations: [21], ...collecting(definition) });
