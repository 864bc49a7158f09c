/** @file Declares GLA with dense keys and values as a language model; with m = 0 it is GLA. */
import * as fc from 'fast-check';
import { gla as definition } from '../../../../spec/gla.ts';
import { denseGla, gla, glaMixer } from '../../../models/gla.ts';
import { denseLanguageStack } from '../../../models/language-stack.ts';
import { small } from '../../draw.ts';
import { cumulatedForms, stackOperator } from '../shared/language-stacks.ts';

export const denseGlaOperator = stackOperator({
  name: 'denseGla',
  chapter: 'spec/gla.ts',
  signature: 'tokens bt, param.embedding oi, param.**, state.*.memory bhde -> logits bto, state.*.memory bhde',
  plain: gla,
  dense: denseGla,
  mixer: fc
    .record({ heads: small(2), d: small(2), e: small(3, 2), decayRank: small(2), decayDivisor: fc.constantFrom(1, 4) })
    .map(({ d, e, ...sizes }) => ({ ...sizes, keyWidth: d * sizes.heads, valueWidth: e * sizes.heads })),
  lengthsOf: ({ heads, keyWidth, valueWidth }) => ({ h: heads, d: keyWidth / heads, e: valueWidth / heads }),
  definition,
  formulas: cumulatedForms((attention) => denseLanguageStack(glaMixer(() => attention))),
});
