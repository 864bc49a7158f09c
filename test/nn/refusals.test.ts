/** @file Refused calls of nn (positions, modes, shapes, losses), each with its full message. */
import { describe, expect, it } from 'vitest';
import { bounded, float64 } from '../../src/executors/bounded/index.ts';
import { f64, indices, tensor } from '../../src/executors/f64/index.ts';
import {
  crossEntropy,
  embedding,
  emptyState,
  linear,
  type Mode,
  type MultiHeadConfig,
  multiHeadRetention,
  normalisedRetention,
  parallelRetention,
  predictingRows,
  type RetentionNorm,
  recurrentRetention,
  rotate,
  rotateState,
} from '../../src/nn/index.ts';
import { input, item, read } from '../../src/tensor/input.ts';
import { refuses, untyped } from '../support/refusals.ts';

const missing = untyped(undefined);
const one = tensor([[[[1]]]]);
const inputs = { q: one, k: one, v: one, decay: [0.5] };
const recurrent: Mode = { name: 'recurrent' };

const at =
  (position: number, norm: RetentionNorm = 'decay', mode = recurrent): (() => unknown) =>
  () =>
    normalisedRetention(norm, mode, inputs, one, { position, path: '' });

const inMode =
  (mode: unknown, norm: RetentionNorm = 'none'): (() => unknown) =>
  () =>
    normalisedRetention(norm, untyped(mode), inputs, one);

const [q, v] = [tensor([[[1, 0]]]), tensor([[[5]]])];
const config: MultiHeadConfig = { decay: [0.5], retentionNorm: 'none', rotationPhase: 'p', epsilon: 0 };
const manyHeads =
  (change: Record<string, unknown>, mode = recurrent, changed: Record<string, unknown> = {}): (() => unknown) =>
  () =>
    multiHeadRetention({ q, k: q, v, ...change }, tensor([[[[0], [0]]]]), undefined, { ...config, ...changed }, mode, {
      position: 0,
      path: '',
    });

describe('a position is refused', () => {
  refuses([
    [at(-3), 'retention: the position is -3; it counts the tokens before, an integer ≥ 0'],
    [at(1.5), 'retention: the position is 1.5; it counts the tokens before, an integer ≥ 0'],
    [at(Number.NaN), 'retention: the position is NaN; it counts the tokens before, an integer ≥ 0'],
    [at(Infinity, 'none'), 'retention: the position is Infinity; it counts the tokens before, an integer ≥ 0'],
    [at(untyped('1'), 'torchscale'), "retention: the position is '1'; it counts the tokens before, an integer ≥ 0"],
  ]);
});

describe('a mode is refused', () => {
  const record = "it is a record, as in { name: 'recurrent' }";
  refuses([
    [inMode(undefined), `retention: the mode is undefined; ${record}`],
    [inMode(null, 'torchscale'), `retention: the mode is null; ${record}`],
    [inMode('parallel'), "retention: the mode is 'parallel'; it is a record, as in { name: 'parallel' }"],
    [inMode('chunkwise', 'decay'), `retention: the mode is 'chunkwise'; ${record}`],
    [inMode({}), 'retention: unknown mode undefined; use parallel, chunkwise or recurrent'],
    [inMode({ name: 'serial' }), "retention: unknown mode 'serial'; use parallel, chunkwise or recurrent"],
    [manyHeads({}, untyped(null)), `multiHeadRetention: the mode is null; ${record}`],
    [
      () => normalisedRetention(untyped('Decay'), recurrent, inputs, one),
      "retention: unknown normalisation 'Decay'; use none, decay or torchscale (did you mean 'decay'?)",
    ],
  ]);
});

describe('an input of retention is refused', () => {
  const without = (change: Record<string, unknown>, state = one) => {
    return () => recurrentRetention({ ...inputs, ...change }, state);
  };
  const noValue = 'is undefined, not a value; make one with tensor(…)';
  refuses([
    [without({ q: undefined }), `recurrentRetention: q ${noValue}`],
    [without({ k: undefined }), `recurrentRetention: k ${noValue}`],
    [without({ v: undefined }), `recurrentRetention: v ${noValue}`],
    [() => recurrentRetention(inputs, missing), `recurrentRetention: the state ${noValue}`],
    [without({ q: tensor([1]) }), 'recurrentRetention: q has shape [1]; it is [b, h, t, d], so reshape it'],
    [without({ decay: undefined }), 'recurrentRetention: the decay is undefined; give a list of one γ per head'],
    [without({ decay: 0.5 }), 'recurrentRetention: the decay is 0.5; give a list of one γ per head'],
    [without({ decay: ['0.5'] }), "recurrentRetention: a decay is '0.5'; γ is a number from 0 to 1"],
    [without({ decay: [1.5] }), 'recurrentRetention: a decay is 1.5; γ is a number from 0 to 1'],
    [without({ decay: [0.5, 0.5] }), 'recurrentRetention: 2 decays for 1 heads; give one γ per head'],
    [() => normalisedRetention('decay', recurrent, { ...inputs, q: missing }, one), `recurrentRetention: q ${noValue}`],
    [
      () => parallelRetention({ ...inputs, decay: untyped('0.5') }, one),
      "parallelRetention: the decay is '0.5'; give a list of one γ per head",
    ],
    [() => emptyState({ q: tensor([1]), v: one }), 'emptyState: q has shape [1]; it is [b, h, t, d], so reshape it'],
    [() => emptyState({ q: one, v: tensor([1]) }), 'emptyState: v has shape [1]; it is [b, h, t, e], so reshape it'],
    [manyHeads({ k: undefined }), `multiHeadRetention: k ${noValue}`],
    [manyHeads({ v: tensor([1]) }), 'multiHeadRetention: v has shape [1]; it is [b, t, channels], so reshape it'],
    [
      manyHeads({}, recurrent, { decay: undefined }),
      'multiHeadRetention: the decay is undefined; give a list of one γ per head',
    ],
    [
      manyHeads({}, recurrent, { decay: [0.5, 0.5] }),
      'multiHeadRetention: 2 heads do not divide the 1 channels of v [1, 1, 1]',
    ],
  ]);
});

describe('a shape is refused', () => {
  refuses([
    [() => rotate(tensor([1, 2]), [1], 0), 'rotate: x has shape [2]; it is [..., t, d], so reshape it'],
    [() => rotate(missing, [1], 0), 'rotate: x is undefined, not a value; make one with tensor(…)'],
    [
      () => rotateState(tensor([1, 2]), [1], 0),
      'rotateState: the state has shape [2]; it is [b, h, d, e], so reshape it',
    ],
    [() => predictingRows(tensor([[1, 2]])), 'predictingRows: logits has shape [1, 2]; it is [b, t, v], so reshape it'],
    [() => linear(missing, one), 'linear: x is undefined, not a value; make one with tensor(…)'],
    [() => linear(one, missing), 'linear: the weight is undefined, not a value; make one with tensor(…)'],
    [
      () => embedding(missing, indices([[0]]), 0),
      'embedding: the table is undefined, not a value; make one with tensor(…)',
    ],
  ]);
});

describe('crossEntropy refuses', () => {
  const logits = tensor([
    [0, 1],
    [1, 0],
  ]);
  const tokens = indices([0, 1]);
  const loss = (change: Record<string, unknown>, rows = logits) => {
    return () => crossEntropy(rows, { tokens, weights: tensor([1, 1]), ...change });
  };
  const perRow = 'beside logits [2, 2]; give one of each per row';
  refuses([
    [loss({ weights: tensor([1]) }), `crossEntropy: tokens [2] and weights [1] ${perRow}`],
    [loss({ tokens: indices([0]) }), `crossEntropy: tokens [1] and weights [2] ${perRow}`],
    [loss({ weights: tensor([[1, 1]]) }), 'crossEntropy: weights has shape [1, 2]; it is [n], so reshape it'],
    [loss({ tokens: indices([[0, 1]]) }), 'crossEntropy: tokens has shape [1, 2]; it is [n], so reshape it'],
    [loss({}, tensor([0, 1])), 'crossEntropy: logits has shape [2]; it is [n, v], so reshape it'],
    [loss({ weights: undefined }), 'crossEntropy: weights is undefined, not a value; make one with tensor(…)'],
    [
      loss({ weights: tensor([0, 0]) }),
      'crossEntropy: the weights sum to 0, so nothing counts and there is no mean; give one position weight 1',
    ],
  ]);

  it('no weights whose numbers it cannot read', () => {
    const on = bounded(float64);
    const weights = input(on, [1, 0], [2]);
    const index = { shape: [2], kind: 'index' as const, on, data: on.input(Float64Array.of(0, 1), [2], 'index') };
    const bound = crossEntropy(input(on, read(logits), [2, 2]), { tokens: index, weights });
    expect(bound.shape).toEqual([]);
    const there = crossEntropy(logits, { tokens, weights: input(f64, [1, 0], [2]) });
    expect(read(bound)[0]).toBeCloseTo(item(there), 12);
  });
});
