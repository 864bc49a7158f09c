/** @file Declares plain RetNet, as in torchscale, with every normalisation of retention. */
import * as fc from 'fast-check';
import { retNet as definition } from '../../../../spec/retnet.ts';
import { type RetNetConfig, retNet } from '../../../models/retnet.ts';
import { small } from '../../draw.ts';
import { modelOperator } from '../shared/language-models.ts';
import { retentionReadings, retentive, retentiveSignature } from '../shared/retentive-networks.ts';

const configs: fc.Arbitrary<RetNetConfig> = fc
  .record({
    vocabulary: small(7, 2),
    heads: small(2),
    pairs: small(2),
    e: small(4, 2),
    ffnWidth: small(4),
    layers: small(2),
    embeddingScale: fc.constantFrom(1, 2),
    residualScale: fc.constantFrom(1, 1.5),
    ...retentionReadings,
  })
  .map(({ pairs, e, ...sizes }) => ({
    ...sizes,
    width: 2 * pairs * sizes.heads,
    valueWidth: e * sizes.heads,
    epsilon: 1e-6,
  }));

export const retNetOperator = modelOperator({
  name: 'retNet',
  chapter: 'spec/retnet.ts',
  signature: retentiveSignature,
  model: retNet,
  configs,
  lengthsOf: ({ heads, width, valueWidth }) => ({ h: heads, d: width / heads, e: valueWidth / heads }),
  ...retentive<RetNetConfig>(definition, (config) => config),
});
