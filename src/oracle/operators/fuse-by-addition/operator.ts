/** @file Declares the fusion of a feature with selected features by addition (Eq. 18). */
import { fuseByAddition as definition } from '../../../../spec/18-dense-fusion.ts';
import { fuseByAddition as onEngine } from '../../../nn/dense-fusion.ts';
import { defineOperator } from '../../define-operator.ts';
import { layoutOf } from '../../layout.ts';
import { under } from '../../named.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';
import { featureLengths } from '../shared/transition.ts';

const signature = 'h btw, selected.* btw -> fused btw';

/** Fusion by addition, Eq. 18. */
export const fuseByAddition = defineOperator({
  name: 'fuseByAddition',
  equations: [18],
  signature,
  layouts: (size) =>
    featureLengths(size).map(({ j, ...lengths }) => {
      const selected = Array.from({ length: j }, (_, i) => [`selected.${i}`, {}]);
      return layoutOf(signature, { lengths, settings: {}, inputs: { h: {}, ...Object.fromEntries(selected) } });
    }),
  definition: over('bt', signature, ({ h, ...sources }) => ({ fused: definition(h, under(sources, 'selected.')) })),
  modes: tokenModes(signature, ({ h, ...sources }) => ({ fused: onEngine(h, under(sources, 'selected.')) })),
  reference: 'whole',
  laws: { linearIn: ['h', 'selected.*'], exact: true },
});
