/** @file Declares Mamba-2 with dense keys and values as a language model; with m = 0 it is Mamba-2. */
import * as fc from 'fast-check';
import { mamba2 as definition } from '../../../../spec/mamba2.ts';
import { denseLanguageStack } from '../../../models/language-stack.ts';
import { denseMamba2, mamba2, mamba2Mixer } from '../../../models/mamba2.ts';
import { small } from '../../draw.ts';
import { cumulatedForms, stackOperator } from '../shared/language-stacks.ts';

export const denseMamba2Operator = stackOperator({
  name: 'denseMamba2',
  chapter: 'spec/mamba2.ts',
  signature:
    'tokens bt, param.embedding oi, param.**, state.*.conv bkw, state.*.ssm bhen -> logits bto, state.*.conv bkw, state.*.ssm bhen',
  plain: mamba2,
  dense: denseMamba2,
  mixer: fc
    .record({
      groups: small(2),
      perGroup: small(2),
      stateSize: small(2),
      convolutionWidth: small(3),
      convolutionBias: fc.boolean(),
      projectionBias: fc.boolean(),
    })
    .map(({ perGroup, ...sizes }) => ({
      ...sizes,
      heads: perGroup * sizes.groups,
      innerWidth: 2 * perGroup * sizes.groups,
    })),
  lengthsOf: ({ innerWidth, heads, groups, stateSize, convolutionWidth }) => ({
    k: convolutionWidth,
    w: innerWidth + 2 * groups * stateSize,
    h: heads,
    e: innerWidth / heads,
    n: stateSize,
  }),
  definition,
  formulas: cumulatedForms((attention) => denseLanguageStack(mamba2Mixer(() => attention))),
});
