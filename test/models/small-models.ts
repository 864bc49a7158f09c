/** @file Draws small models with weights of order 1, so that tokens differ. */
import * as fc from 'fast-check';
import { f64 } from '../../src/executors/f64/index.ts';
import { type DenseRetNetParams, denseRetNet } from '../../src/models/dense-retnet.ts';
import {
  type DenseRetNetConfig,
  type DenseRetNetReadings,
  denseRetNetConfig,
} from '../../src/models/dense-retnet-config.ts';
import { initialise } from '../../src/models/language-model.ts';
import type { Mode } from '../../src/nn/mode.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Executor } from '../../src/tensor/value.ts';

export const recurrent: Mode = { name: 'recurrent' };

/** Draws a mode. */
export const modes: fc.Arbitrary<Mode> = fc.oneof(
  fc.constant<Mode>({ name: 'parallel' }),
  fc.constant(recurrent),
  fc.integer({ min: 1, max: 9 }).map((chunkSize): Mode => ({ name: 'chunkwise', chunkSize })),
);

/** Draws a DenseRetNet by `seed`, with at most `deepest` layers and weights from N(0, spread²) on an executor. */
export function drawnModel(
  seed: number,
  readings: DenseRetNetReadings,
  { on = f64, spread = 0.4, deepest = 4 }: { on?: Executor; spread?: number; deepest?: number } = {},
): { config: DenseRetNetConfig; params: DenseRetNetParams } {
  const random = rng(seed);
  const heads = 1 + random.integer(3);
  const config = denseRetNetConfig({
    vocabulary: 8 + random.integer(9),
    width: 6 + random.integer(7),
    heads,
    layers: 1 + random.integer(deepest),
    denseLayers: random.integer(4),
    keyWidth: 2 * heads * (1 + random.integer(3)),
    valueWidth: heads * (2 + random.integer(5)),
    gateRank: random.integer(3),
    readings,
  });
  return { config, params: initialise(denseRetNet, config, { on, seed, spread }) };
}

/** Draws a prompt of b sequences of t tokens. */
export function drawnPrompt(b: number, t: number, vocabulary: number, seed: number): number[][] {
  const random = rng(seed);
  return Array.from({ length: b }, () => Array.from({ length: t }, () => random.integer(vocabulary)));
}
