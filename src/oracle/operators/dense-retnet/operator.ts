/** @file Declares DenseRetNet under every reading of keys and values. */
import * as fc from 'fast-check';
import { denseRetNet as definition } from '../../../../spec/dense-retnet.ts';
import { denseRetNet } from '../../../models/dense-retnet.ts';
import type { DenseRetNetConfig } from '../../../models/dense-retnet-config.ts';
import { small } from '../../draw.ts';
import type { Program } from '../../program.ts';
import { closedGates, featureReadings, isFusion, withoutFusion } from '../shared/dense-models.ts';
import { type ModelSettings, modelOperator, modelProgram } from '../shared/language-models.ts';
import type { ModeName } from '../shared/modes.ts';
import { retentionReadings, retentive, retentiveSignature } from '../shared/retentive-networks.ts';

const configs: fc.Arbitrary<DenseRetNetConfig> = fc
  .record({
    vocabulary: small(7, 2),
    // the norm of a single channel keeps only its sign, and its gradients cancel to ε
    width: small(6, 3),
    heads: small(2),
    pairs: small(2),
    e: small(4, 2),
    layers: small(4),
    denseLayers: small(3, 0),
    gateRank: small(2, 0),
    readings: fc.record({
      ...featureReadings,
      ...retentionReadings,
    }),
  })
  .map(({ pairs, e, ...sizes }) => ({
    ...sizes,
    keyWidth: 2 * pairs * sizes.heads,
    valueWidth: e * sizes.heads,
    epsilon: 1e-6,
    padToken: null,
  }));

type Settings = ModelSettings<DenseRetNetConfig>;

/** Runs the blocks without dense connections: no fusion weights, m = 0. */
const plainBlocks = (mode: string): Program<Settings> => {
  const run = modelProgram(denseRetNet, mode as ModeName);
  return (inputs, settings) =>
    run(withoutFusion(inputs), { ...settings, config: { ...settings.config, denseLayers: 0 } });
};

export const denseRetNetOperator = modelOperator({
  name: 'denseRetNet',
  chapter: 'spec/dense-retnet.ts',
  signature: retentiveSignature,
  model: denseRetNet,
  configs,
  lengthsOf: ({ heads, keyWidth, valueWidth }) => ({ h: heads, d: keyWidth / heads, e: valueWidth / heads }),
  ...retentive<DenseRetNetConfig>(definition, ({ readings }) => readings),
  laws: { reductions: { 'closed gates': { change: closedGates, program: plainBlocks, ignores: isFusion } } },
});
