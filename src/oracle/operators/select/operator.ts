/** @file Declares the product of a projected feature and a gate (Eq. 17). */
import { select as definition } from '../../../../spec/15-selective-transition.ts';
import { select as onEngine } from '../../../nn/selective-transition.ts';
import { defineOperator } from '../../define-operator.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';
import { featureLengths } from '../shared/transition.ts';

const signature = 'projected btw, g btw -> selected btw';

/** The selection, Eq. 17. */
export const select = defineOperator({
  name: 'select',
  equations: [17],
  signature,
  layouts: (size) => featureLengths(size).map((lengths) => layoutOf(signature, { lengths, settings: {} })),
  definition: over('bt', signature, ({ projected, g }) => ({ selected: definition(projected, g) })),
  modes: tokenModes(signature, ({ projected, g }) => ({ selected: onEngine(projected, g) })),
  reference: 'whole',
  laws: { linearIn: ['projected'], exact: true },
});
