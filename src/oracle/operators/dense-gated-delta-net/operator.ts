/** @file Declares Gated DeltaNet with dense keys and values as a language model; with m = 0 it is Gated DeltaNet. */
import * as fc from 'fast-check';
import { gatedDeltaNet as definition } from '../../../../spec/gated-delta-net.ts';
import {
  denseGatedDeltaNet,
  type GatedDeltaNetConfig,
  gatedDeltaNet,
  gatedDeltaNetMixer,
} from '../../../models/gated-delta-net.ts';
import { type DenseStackConfig, denseLanguageStack } from '../../../models/language-stack.ts';
import { small } from '../../draw.ts';
import type { Form } from '../../operator.ts';
import type { Named } from '../../program.ts';
import { gateDifferences } from '../shared/gated-delta-rule.ts';
import { type ModelSettings, modelProgram } from '../shared/language-models.ts';
import { stackOperator } from '../shared/language-stacks.ts';

const { rule, ...text } = gateDifferences;

const form: Form<ModelSettings<DenseStackConfig<GatedDeltaNetConfig>>> = {
  ...text,
  program: (inputs, settings) => {
    const mixer = gatedDeltaNetMixer(() => rule(settings.chunkSize));
    return modelProgram(denseLanguageStack(mixer), 'chunkwise')(inputs as Named, settings);
  },
};

export const denseGatedDeltaNetOperator = stackOperator({
  name: 'denseGatedDeltaNet',
  chapter: 'spec/gated-delta-net.ts',
  signature:
    'tokens bt, param.embedding oi, param.**, state.*.conv bkw, state.*.memory bhde -> logits bto, state.*.conv bkw, state.*.memory bhde',
  plain: gatedDeltaNet,
  dense: denseGatedDeltaNet,
  mixer: fc
    .record({
      heads: small(2),
      perHead: small(2),
      d: small(3, 2),
      e: small(3, 2),
      convolutionWidth: small(3),
      convolutionBias: fc.boolean(),
      negativeEigenvalues: fc.boolean(),
    })
    .map(({ perHead, d, e, ...sizes }) => {
      const valueHeads = perHead * sizes.heads;
      return { ...sizes, valueHeads, keyWidth: d * sizes.heads, valueWidth: e * valueHeads };
    }),
  lengthsOf: ({ heads, valueHeads, keyWidth, valueWidth, convolutionWidth }) => ({
    k: convolutionWidth,
    w: 2 * keyWidth + valueWidth,
    h: valueHeads,
    d: keyWidth / heads,
    e: valueWidth / valueHeads,
  }),
  definition,
  formulas: {
    forms: { chunkwise: { gateDifferences: form }, recurrent: { gateDifferences: form } },
    says: { chunkwise: 'products of decays', recurrent: 'products of decays' },
  },
});
