/** @file Declares the loss of next-token prediction for each position, with label smoothing. */
import * as fc from 'fast-check';
import { crossEntropy as definition } from '../../../../spec/cross-entropy.ts';
import { tokenLosses } from '../../../nn/cross-entropy.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';

type Settings = { readonly smoothing: number };

const signature = 'logits btv, tokens bt -> output bt';

export const crossEntropy = defineOperator({
  name: 'crossEntropy',
  chapter: 'spec/cross-entropy.ts',
  evidence: ['R'],
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 3),
        t: lengths(size),
        v: axis(size, 'v', 7),
        smoothing: fc.constantFrom(0, 0, 0.125),
      })
      .map(({ smoothing, ...letters }) =>
        layoutOf(signature, { lengths: letters, settings: { smoothing }, details: { tokens: { below: letters.v } } }),
      ),
  definition: over('bt', signature, ({ logits, tokens }, { smoothing }: Settings) => ({
    output: definition(logits, tokens, smoothing),
  })),
  modes: tokenModes(signature, ({ logits, tokens }, { smoothing }: Settings) => ({
    output: tokenLosses(logits, tokens, smoothing),
  })),
  reference: 'whole',
  laws: {},
});
