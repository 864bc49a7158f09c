/** @file Refused calls of the Mamba family, each with its full message. */
import { describe } from 'vitest';
import { indices, tensor } from '../../src/executors/f64/index.ts';
import {
  chunkwiseLinearAttention,
  chunkwiseSelectiveScan,
  constantMap,
  emptyScanState,
  emptyWindow,
  normalisedLinearAttention,
  parallelConvolution,
  parallelLinearAttention,
  recurrentLinearAttention,
  recurrentSelectiveScan,
  type SelectiveScanInputs,
  stateSpaceDuality,
  tokenMap,
} from '../../src/nn/index.ts';
import { filledLike } from '../../src/tensor/operand.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import type { Value } from '../../src/tensor/value.ts';
import { refuses, untyped } from '../support/refusals.ts';

const of = (...shape: number[]): Value => filledLike(tensor([0]), 1, shape as Shape);

describe('a selective scan is refused', () => {
  const right: SelectiveScanInputs = {
    ...{ u: of(2, 3, 4), delta: of(2, 3, 4), a: of(4, 5), b: of(2, 3, 1, 5), c: of(2, 3, 2, 5) },
    deltaSoftplus: true,
  };
  const scan =
    (change: Record<string, unknown>, state = of(2, 4, 5)) =>
    () =>
      recurrentSelectiveScan({ ...right, ...change }, state);
  const beside = 'beside the other inputs it is';
  refuses([
    [scan({ u: undefined }), 'recurrentSelectiveScan: u is undefined, not a value; make one with tensor(…)'],
    [scan({ u: of(3, 4) }), 'recurrentSelectiveScan: u has shape [3, 4]; it is [b, t, e], so reshape it'],
    [
      scan({ delta: of(2, 4, 3) }),
      `recurrentSelectiveScan: delta has shape [2, 4, 3]; ${beside} [b, t, e] = [2, 3, 4]`,
    ],
    [scan({ a: of(5, 4) }), `recurrentSelectiveScan: a has shape [5, 4]; ${beside} [e, n] = [4, 4]`],
    [
      scan({ b: of(2, 3, 3, 5) }),
      'recurrentSelectiveScan: b has 3 groups for 4 channels; give a number of groups that divides them',
    ],
    [
      scan({ c: of(2, 3, 0, 5) }),
      'recurrentSelectiveScan: c has 0 groups for 4 channels; give a number of groups that divides them',
    ],
    [scan({ b: of(2, 3, 5) }), 'recurrentSelectiveScan: b has shape [2, 3, 5]; it is [b, t, g, n], so reshape it'],
    [
      scan({ c: of(2, 3, 2, 4) }),
      `recurrentSelectiveScan: c has shape [2, 3, 2, 4]; ${beside} [b, t, g, n] = [2, 3, 2, 5]`,
    ],
    [scan({ skip: of(5) }), `recurrentSelectiveScan: skip has shape [5]; ${beside} [e] = [4]`],
    [scan({ z: of(2, 4, 3) }), `recurrentSelectiveScan: z has shape [2, 4, 3]; ${beside} [b, t, e] = [2, 3, 4]`],
    [scan({ deltaBias: of(1) }), `recurrentSelectiveScan: deltaBias has shape [1]; ${beside} [e] = [4]`],
    [scan({}, of(2, 5, 4)), `recurrentSelectiveScan: the state has shape [2, 5, 4]; ${beside} [b, e, n] = [2, 4, 5]`],
    [() => chunkwiseSelectiveScan(0)(right, of(2, 4, 5)), 'chunks: a chunk of 0; a chunk is an integer ≥ 1'],
    [() => tokenMap(of(2, 3)), 'tokenMap: rows has shape [2, 3]; it is [b, t, n], so reshape it'],
    [() => constantMap(of(4, 5), of(2, 3)), 'constantMap: u has shape [2, 3]; it is [b, t, e], so reshape it'],
    [
      () => emptyScanState({ u: of(2), a: of(4, 5) }),
      'emptyScanState: u has shape [2]; it is [b, t, e], so reshape it',
    ],
  ]);
});

describe('a convolution is refused', () => {
  const convolve =
    (change: Record<string, unknown>, window = of(2, 3, 4)) =>
    () =>
      parallelConvolution({ x: of(2, 5, 4), weight: of(4, 3), ...change }, window);
  refuses([
    [
      convolve({ weight: of(3, 4) }),
      'parallelConvolution: the weight has shape [3, 4]; beside the other inputs it is [e, k] = [4, 4]',
    ],
    [
      convolve({ weight: of(4, 0) }),
      'parallelConvolution: the weight has shape [4, 0]; it is [e, k] with a tap at least, k ≥ 1',
    ],
    [
      convolve({}, of(2, 2, 4)),
      'parallelConvolution: the window has shape [2, 2, 4]; beside the other inputs it is [b, k, e] = [2, 3, 4]',
    ],
    [convolve({ bias: of(3) }), 'parallelConvolution: the bias has shape [3]; beside the other inputs it is [e] = [4]'],
    [convolve({ x: indices([1]) }), 'parallelConvolution: x has shape [1]; it is [b, t, e], so reshape it'],
    [
      () => emptyWindow({ x: of(2, 5, 4), weight: of(4) }),
      'emptyWindow: the weight has shape [4]; it is [e, k], so reshape it',
    ],
  ]);
});

describe('a linear attention is refused', () => {
  const [q, v] = [of(2, 3, 4, 5), of(2, 3, 4, 6)];
  const attend =
    (change: Record<string, unknown>, state = of(2, 3, 5, 6)) =>
    () =>
      parallelLinearAttention({ q, k: q, v, gate: of(2, 3, 4), ...change }, state);
  const beside = 'beside the other inputs it is';
  refuses([
    [attend({ q: of(3, 4, 5) }), 'parallelLinearAttention: q has shape [3, 4, 5]; it is [b, h, t, d], so reshape it'],
    [attend({ k: v }), `parallelLinearAttention: k has shape [2, 3, 4, 6]; ${beside} [b, h, t, d] = [2, 3, 4, 5]`],
    [
      attend({ v: of(2, 4, 3, 6) }),
      `parallelLinearAttention: v has shape [2, 4, 3, 6]; ${beside} [b, h, t, e] = [2, 3, 4, 6]`,
    ],
    [attend({ gate: of(2, 3) }), 'parallelLinearAttention: the gate has shape [2, 3]; it is [b, h, t], so reshape it'],
    [
      attend({}, of(2, 3, 6, 5)),
      `parallelLinearAttention: the state has shape [2, 3, 6, 5]; ${beside} [b, h, d, e] = [2, 3, 5, 6]`,
    ],
    [() => chunkwiseLinearAttention(1.5), 'chunkwiseLinearAttention: a chunk of 1.5; a chunk is an integer ≥ 1'],
    [
      () =>
        normalisedLinearAttention(recurrentLinearAttention)(
          { q, k: q, v },
          { state: of(2, 3, 5, 6), keySum: of(2, 3, 6) },
        ),
      `normalisedLinearAttention: the key sum has shape [2, 3, 6]; ${beside} [b, h, d] = [2, 3, 5]`,
    ],
  ]);
});

describe('a state space duality is refused', () => {
  const dual =
    (change: Record<string, unknown>, state = of(2, 4, 6, 7)) =>
    () =>
      stateSpaceDuality(recurrentLinearAttention)(
        { x: of(2, 4, 5, 6), gate: of(2, 4, 5), b: of(2, 2, 5, 7), c: of(2, 1, 5, 7), ...change },
        state,
      );
  const beside = 'beside the other inputs it is';
  refuses([
    [
      dual({ b: of(2, 3, 5, 7) }),
      'stateSpaceDuality: b has 3 groups for 4 heads; give a number of groups that divides them',
    ],
    [dual({ c: of(2, 1, 7, 5) }), `stateSpaceDuality: c has shape [2, 1, 7, 5]; ${beside} [b, g, t, n] = [2, 1, 5, 7]`],
    [dual({ gate: of(2, 5, 4) }), `stateSpaceDuality: the gate has shape [2, 5, 4]; ${beside} [b, h, t] = [2, 4, 5]`],
    [
      dual({}, of(2, 4, 7, 6)),
      `stateSpaceDuality: the state has shape [2, 4, 7, 6]; ${beside} [b, h, e, n] = [2, 4, 6, 7]`,
    ],
    [dual({ x: untyped(3) }), 'stateSpaceDuality: x is 3, not a value; make one with tensor(…)'],
  ]);
});
