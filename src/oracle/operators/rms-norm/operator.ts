/** @file Declares the root-mean-square norm over the last axis, with a weight for each channel. */
import * as fc from 'fast-check';
import { rmsNorm as definition } from '../../../../spec/rms-norm.ts';
import { rmsNorm as onEngine } from '../../../nn/norms.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';

type Settings = { readonly epsilon: number };

const signature = 'x btw, weight w -> output btw';

export const rmsNorm = defineOperator({
  name: 'rmsNorm',
  chapter: 'spec/rms-norm.ts',
  signature,
  layouts: (size) =>
    fc
      // the ε of the models, and one that is not small compared with x²
      .record({
        b: axis(size, 'b', 3),
        t: lengths(size),
        w: axis(size, 'w', 6),
        epsilon: fc.constantFrom(1e-6, 1e-5, 2 ** -2),
      })
      .map(({ epsilon, ...letters }) =>
        layoutOf(signature, {
          lengths: letters,
          settings: { epsilon },
          details: { weight: { centre: 1, spread: 0.3 } },
        }),
      ),
  definition: over('bt', signature, ({ x, weight }, { epsilon }: Settings) => ({
    output: definition(x, weight, epsilon),
  })),
  modes: tokenModes(signature, ({ x, weight }, { epsilon }: Settings) => ({ output: onEngine(x, weight, epsilon) })),
  reference: 'whole',
  laws: { linearIn: ['weight'] },
});
