/** @file Declares dense values: the collection of values from shallower layers (Eq. 22). */
import { denseValues as definition } from '../../../../spec/21-dense-keys-and-values.ts';
import { defineOperator } from '../../define-operator.ts';
import { collecting } from '../shared/dense-features.ts';

/** The collection of values, Eq. 22. */
export const denseValues = defineOperator({ name: 'denseValues', equations: [22], ...collecting(definition) });
