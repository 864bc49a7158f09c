/** @file Declares the projection of a shallow feature (Eq. 15). */
import * as fc from 'fast-check';
import { project as definition } from '../../../../spec/15-selective-transition.ts';
import { project as onEngine } from '../../../nn/selective-transition.ts';
import { defineOperator } from '../../define-operator.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';
import { featureLengths } from '../shared/transition.ts';

type Settings = { readonly projection: 'identity' | 'linear' };

const signature = 'h btw, param.projection? ww -> projected btw';

/** The projection, Eq. 15. */
export const project = defineOperator({
  name: 'project',
  equations: [15],
  signature,
  layouts: (size) =>
    fc
      .tuple(featureLengths(size), fc.constantFrom<Settings['projection']>('identity', 'linear'))
      .map(([lengths, projection]) =>
        layoutOf(signature, {
          lengths,
          settings: { projection },
          inputs: { h: {}, ...(projection === 'linear' && { 'param.projection': {} }) },
        }),
      ),
  definition: over('bt', signature, ({ h, 'param.projection': map }, _settings: Settings) => ({
    projected: definition(h, map ?? 'identity'),
  })),
  modes: tokenModes(signature, ({ h, 'param.projection': map }) => ({ projected: onEngine(h, map) })),
  reference: 'whole',
  laws: { linearIn: ['h'], exact: true },
});
