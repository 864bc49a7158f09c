/** @file Tests that a batch gives the same outputs and states as each sequence alone. */
import { describe, expect, it } from 'vitest';
import { f64, indices } from '../../src/executors/f64/index.ts';
import { forwardBatch } from '../../src/models/batch.ts';
import { denseRetNet } from '../../src/models/dense-retnet.ts';
import { denseRetNetConfig } from '../../src/models/dense-retnet-config.ts';
import { initialise } from '../../src/models/language-model.ts';
import { transformer, transformerConfig } from '../../src/models/transformer.ts';
import { packedBatch, paddedBatch } from '../../src/nn/index.ts';
import { read } from '../../src/tensor/input.ts';
import { leavesOf } from '../../src/tensor/tree.ts';
import { refuses } from '../support/refusals.ts';

const sizes = { vocabulary: 9, width: 12, heads: 2, layers: 2 };
const config = denseRetNetConfig({ ...sizes, denseLayers: 1, keyWidth: 8, gateRank: 2 });
const params = initialise(denseRetNet, config, { on: f64, seed: 1, spread: 0.4 });
const empty = denseRetNet.start(params, config, 1);
const mode = { name: 'parallel' } as const;

/** Logits of a sequence run alone. */
const alone = (tokens: readonly number[]): number[] => [
  ...read(denseRetNet.forward(params, config, indices([tokens]), empty, mode).logits),
];

describe('forwardBatch', () => {
  it('gives each sequence of a padded batch the logits of a run alone, and 0 at padding', () => {
    const batch = paddedBatch([
      [0, 1, 1],
      [1, 1, 1],
      [1, 0, 0],
    ]);
    const tokens = indices([
      [8, 1, 2],
      [3, 4, 5],
      [6, 8, 8],
    ]);
    const { logits, states } = forwardBatch(denseRetNet, params, config, batch, tokens, [empty, empty, empty], mode);
    const none = Array<number>(9).fill(0);
    expect([...read(logits)]).toEqual([
      ...none,
      ...alone([1, 2]),
      ...alone([3, 4, 5]),
      ...alone([6]),
      ...none,
      ...none,
    ]);
    expect(states.map(({ position }) => position)).toEqual([2, 3, 1]);
  });

  it('continues padded sequences of unequal lengths from their states, packed', () => {
    const first = forwardBatch(
      denseRetNet,
      params,
      config,
      paddedBatch([
        [0, 1, 1],
        [1, 1, 1],
      ]),
      indices([
        [8, 1, 2],
        [3, 4, 5],
      ]),
      [empty, empty],
      mode,
    );
    const rest = forwardBatch(
      denseRetNet,
      params,
      config,
      packedBatch([0, 1, 3]),
      indices([[7, 6, 0]]),
      first.states,
      mode,
    );
    const expected = [...alone([1, 2, 7]).slice(18), ...alone([3, 4, 5, 6, 0]).slice(27)];
    [...read(rest.logits)].forEach((x, i) => void expect(x).toBeCloseTo(expected[i]!, 10));
    expect(rest.states.map(({ position }) => position)).toEqual([3, 5]);
  });

  it('keeps key-value caches of unequal lengths', () => {
    const sizesOf = transformerConfig(sizes);
    const weights = initialise(transformer, sizesOf, { on: f64, seed: 2 });
    const start = transformer.start(weights, sizesOf, 1);
    const batch = packedBatch([0, 2, 2, 5]);
    const tokens = indices([[1, 2, 3, 4, 5]]);
    const { states } = forwardBatch(transformer, weights, sizesOf, batch, tokens, [start, start, start], mode);
    const lengths = states.map(({ layers }) => new Set(leavesOf(layers).map(({ shape }) => shape[2])));
    expect(lengths.map((set) => [...set])).toEqual([[2], [0], [3]]);
  });

  refuses([
    [
      () =>
        forwardBatch(denseRetNet, params, config, packedBatch([0, 2, 4]), indices([[1, 2, 3]]), [empty, empty], mode),
      'eachSequence: the input has shape [1, 3], 1 rows of 3 places; the batch has 1 of 4, so mask or cuSeqlens are of another one',
    ],
    [
      () => forwardBatch(denseRetNet, params, config, packedBatch([0, 3]), indices([[1, 2, 3]]), [], mode),
      'eachSequence: 0 states for 1 sequences; give a list with one for each, made for a batch of one',
    ],
  ]);
});
