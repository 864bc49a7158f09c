/** @file Softmax, attention and rotary positions at their edges: large scores, masks, empty sequences. */
import { describe, expect, it } from 'vitest';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import {
  attentionIn,
  emptyCache,
  type Mode,
  type MultiHeadAttentionConfig,
  multiHeadAttention,
  parallelAttention,
  recurrentAttention,
  rotaryFrequencies,
  rotate,
  softmax,
} from '../../src/nn/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { rng } from '../../src/tensor/random.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import type { Value } from '../../src/tensor/value.ts';
import { refuses, untyped } from '../support/refusals.ts';

const modes: readonly Mode[] = [
  { name: 'parallel' },
  { name: 'chunkwise', chunkSize: 2 },
  { name: 'chunkwise', chunkSize: 100 },
  { name: 'recurrent' },
];

const random = rng(5);
const drawn = (shape: Shape, size = 1): Value =>
  input(
    f64,
    Float64Array.from({ length: sizeOf(shape) }, () => size * random.normal()),
    shape,
  );

describe('softmax', () => {
  it('sums to 1 for numbers of any size', () => {
    for (const size of [1e-3, 1, 1e3, 1e300]) {
      const rows = read(softmax(drawn([4, 5], size)));
      for (let i = 0; i < 4; i++) expect(rows.slice(5 * i, 5 * i + 5).reduce((a, b) => a + b)).toBeCloseTo(1, 14);
    }
  });

  it('ignores masked entries, NaN and infinities included', () => {
    const seen = tensor([1, 1, 0, 0]);
    expect([...read(softmax(tensor([1, 1, 1e308, Number.NaN]), seen))]).toEqual([0.5, 0.5, 0, 0]);
  });

  refuses([
    [() => softmax(tensor([])), 'softmax: the last axis of [0] is empty; nothing has shares there'],
    [() => softmax(untyped(3)), 'softmax: x is 3, not a value; make one with tensor(…)'],
  ]);
});

describe.each(modes.map((mode) => [JSON.stringify(mode), mode] as const))('attention, %s', (_name, mode) => {
  const inputs = { q: drawn([2, 3, 5, 4]), k: drawn([2, 3, 5, 4]), v: drawn([2, 3, 5, 2]), factor: 0.5 };

  it('stays finite where exp of the scores would overflow', () => {
    const large = { ...inputs, q: drawn([2, 3, 5, 4], 1e6), k: drawn([2, 3, 5, 4], 1e6) };
    const { output } = attentionIn(mode)(large, emptyCache(large));
    expect(read(output).every(Number.isFinite)).toBe(true);
  });

  it('of an empty sequence returns an empty output and the same cache', () => {
    const none = { q: drawn([2, 3, 0, 4]), k: drawn([2, 3, 0, 4]), v: drawn([2, 3, 0, 2]), factor: 1 };
    const start = emptyCache(none);
    const result = attentionIn(mode)(none, start);
    expect(result.output.shape).toEqual([2, 3, 0, 2]);
    expect(result.state.keys.shape).toEqual([2, 3, 0, 4]);
    const { state } = attentionIn(mode)(inputs, emptyCache(inputs));
    const after = attentionIn(mode)(none, state);
    expect([after.state.keys.shape, after.state.values.shape]).toEqual([
      [2, 3, 5, 4],
      [2, 3, 5, 2],
    ]);
  });

  it('returns the first token’s own value as its output', () => {
    const { output } = attentionIn(mode)(inputs, emptyCache(inputs));
    const first = (x: Value): number[] =>
      Array.from({ length: 12 }, (_, i) => read(x)[Math.floor(i / 2) * 10 + (i % 2)]!);
    expect(first(output)).toEqual(first(inputs.v).map((x) => expect.closeTo(x, 14)));
  });
});

describe('rotary pairs', () => {
  it('of neighbouring channels and of halves give the same numbers, permuted', () => {
    const x = tensor([[1, 2, 5, 7]]);
    const swapped = tensor([[1, 5, 2, 7]]);
    const frequencies = rotaryFrequencies(2);
    const [a, b] = [rotate(x, frequencies, 3, 'halves'), rotate(swapped, frequencies, 3)].map(read);
    expect([...a!]).toEqual([0, 2, 1, 3].map((i) => b![i]));
  });
});

describe('attention refuses', () => {
  const one = tensor([[[[1]]]]);
  const inputs = { q: one, k: one, v: one, factor: 1 };
  const cache = emptyCache(inputs);
  const with2 = tensor([[[[1, 2]]]]);
  const config: MultiHeadAttentionConfig = {
    heads: 1,
    scoreScaling: 'none',
    rotaryBase: 10000,
    rotaryPairs: 'halves',
  };
  const x = tensor([[[1, 2]]]);
  const place = { position: 0, path: '' };
  refuses([
    [
      () => parallelAttention({ ...inputs, q: x }, cache),
      'parallelAttention: q has shape [1, 1, 2]; it is [b, h, t, d], so reshape it',
    ],
    [
      () => parallelAttention({ ...inputs, k: with2 }, cache),
      'parallelAttention: k has shape [1, 1, 1, 2] and q [1, 1, 1, 1]; both are [b, h, t, d]',
    ],
    [
      () => recurrentAttention({ ...inputs, v: tensor([[[[1], [2]]]]) }, cache),
      'recurrentAttention: v has shape [1, 1, 2, 1] beside q [1, 1, 1, 1]; it is [b, h, t, e]',
    ],
    [
      () => parallelAttention(inputs, { ...cache, values: with2 }),
      'parallelAttention: cached keys [1, 1, 0, 1] and values [1, 1, 1, 2] do not go with q [1, 1, 1, 1] and v [1, 1, 1, 1]; they are [b, h, s, d] and [b, h, s, e]',
    ],
    [
      () => parallelAttention(inputs, untyped(null)),
      'parallelAttention: the state is null; it is a cache of keys and values, at first emptyCache(inputs)',
    ],
    [
      () => parallelAttention(inputs, untyped({ keys: one })),
      'parallelAttention: the cached values is undefined, not a value; make one with tensor(…)',
    ],
    [
      () => parallelAttention({ ...inputs, factor: Number.NaN }, cache),
      'parallelAttention: the factor is NaN; scores are multiplied by a finite number, 1 for none',
    ],
    [
      () => attentionIn(untyped({ name: 'flash' })),
      "attention: unknown mode 'flash'; use parallel, chunkwise or recurrent",
    ],
    [
      () => attentionIn({ name: 'chunkwise', chunkSize: 0 })(inputs, cache),
      'chunks: a chunk of 0; a chunk is an integer ≥ 1',
    ],
    [
      () => multiHeadAttention({ q: x, k: x, v: x }, cache, { ...config, heads: 3 }, { name: 'parallel' }, place),
      'multiHeadAttention: 3 heads do not divide the 2 channels of q [1, 1, 2]',
    ],
  ]);
});
