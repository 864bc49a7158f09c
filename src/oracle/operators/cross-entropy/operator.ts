/** @file Declares the loss of next-token prediction for each position, with label smoothing. */
import * as fc from 'fast-check';
import { crossEntropy as definition } from '../../../../spec/cross-entropy.ts';
import { type TokenLosses, tokenLosses } from '../../../nn/cross-entropy.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, lengths } from '../../draw.ts';
import { lossesByLogSumExp } from '../../forms/stored-log-sum-exp.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';

type Settings = { readonly smoothing: number };

const signature = 'logits btv, tokens bt -> output bt';

/** The modes of a function for losses. */
const losses = (lossesOf: TokenLosses) =>
  tokenModes(signature, ({ logits, tokens }, { smoothing }: Settings) => ({
    output: lossesOf(logits, tokens, smoothing),
  }));

const own = 'the gradient of a softmax of logits less the largest';

/** The forms of a mode. */
const stored = (mode: 'whole' | 'tokenwise') => ({
  storedLogSumExp: {
    says: 'a stored log-sum-exp in the backward pass: P = exp(x − lse)',
    program: losses(lossesByLogSumExp)[mode],
  },
});

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
  modes: losses(tokenLosses),
  says: { whole: own, tokenwise: own },
  forms: { whole: stored('whole'), tokenwise: stored('tokenwise') },
  reference: 'whole',
  laws: {},
});
