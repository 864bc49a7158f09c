/** @file Declares the gated root-mean-square norm of Mamba-2: over groups of channels, with the gate before or after the norm. */
import * as fc from 'fast-check';
import { gatedRmsNorm as definition } from '../../../../spec/rms-norm.ts';
import { type GatedNorm, gatedRmsNorm as onEngine } from '../../../nn/norms.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, axis, groupsIn, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';

type Settings = { readonly [K in keyof GatedNorm]: GatedNorm[K] };

const signature = 'x btw, z btw, weight w -> output btw';

export const gatedRmsNorm = defineOperator({
  name: 'gatedRmsNorm',
  chapter: 'spec/rms-norm.ts',
  evidence: ['T'],
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 3),
        t: lengths(size),
        w: axis(size, 'w', 6),
        drawn: fc.nat({ max: 7 }),
        epsilon: fc.constantFrom(1e-6, 1e-5, 2 ** -2),
        normBeforeGate: among(size, 'normBeforeGate', false, true),
      })
      .map(({ drawn, epsilon, normBeforeGate, ...letters }) =>
        layoutOf(signature, {
          lengths: letters,
          settings: { epsilon, groups: groupsIn(letters.w, drawn), normBeforeGate },
          details: { weight: { centre: 1, spread: 0.3 } },
        }),
      ),
  definition: over('bt', signature, ({ x, z, weight }, settings: Settings) => ({
    output: definition(x, z, weight, settings),
  })),
  modes: tokenModes(signature, ({ x, z, weight }, settings: Settings) => ({
    output: onEngine(x, z, weight, settings),
  })),
  reference: 'whole',
  laws: { linearIn: ['weight'] },
});
