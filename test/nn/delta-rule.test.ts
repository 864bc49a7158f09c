/** @file The delta rule in nn: refused calls, each with its full message, and norms of zeros. */
import { describe, expect, it } from 'vitest';
import { grad } from '../../src/autograd/vjp.ts';
import { tensor } from '../../src/executors/f64/index.ts';
import { boundedGates, chunkwiseDeltaRule, rawGates, recurrentDeltaRule, unitLength } from '../../src/nn/index.ts';
import { read } from '../../src/tensor/input.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { softplusBelow20 } from '../../src/vectors/softplus.ts';
import { refuses } from '../support/refusals.ts';

const one = tensor([[[[1]]]]);
const inputs = { q: one, k: one, v: one, beta: tensor([[[1]]]) };

/** A call with one input changed. */
const changed =
  (change: Partial<Parameters<typeof recurrentDeltaRule>[0]>, state = one): (() => unknown) =>
  () =>
    recurrentDeltaRule({ ...inputs, ...change }, state);

describe('a delta rule is refused', () => {
  const twoGroups = tensor([[[[1]], [[1]]]]);
  refuses([
    [
      changed({ q: twoGroups, k: twoGroups }),
      'recurrentDeltaRule: q has 2 groups for 1 heads; give a number of groups that divides them',
    ],
    [
      changed({ k: twoGroups }),
      'recurrentDeltaRule: k has shape [1, 2, 1, 1]; beside the other inputs it is [b, g, t, d] = [1, 1, 1, 1]',
    ],
    [
      changed({ beta: tensor([[[1, 1]]]) }),
      'recurrentDeltaRule: beta has shape [1, 1, 2]; beside the other inputs it is [b, h, t] = [1, 1, 1]',
    ],
    [
      changed({ gate: tensor([[1]]) }),
      'recurrentDeltaRule: the gate has shape [1, 1]; it is [b, h, t] or [b, h, t, d], so reshape it',
    ],
    [
      changed({}, tensor([[[[1, 1]]]])),
      'recurrentDeltaRule: the state has shape [1, 1, 1, 2]; beside the other inputs it is [b, h, d, e] = [1, 1, 1, 1]',
    ],
    [() => chunkwiseDeltaRule(0), 'chunkwiseDeltaRule: a chunk of 0; a chunk is an integer ≥ 1'],
    [
      () => rawGates(tensor([[[1]]]), { aLog: tensor([1, 2]) }),
      'rawGates: aLog has shape [2]; beside the other inputs it is [h] = [1]',
    ],
    [
      () => boundedGates(one, { aLog: tensor([1]), gateBias: tensor([1]) }, -5),
      'boundedGates: the bias has shape [1]; it is [h, d], so reshape it',
    ],
  ]);
});

it('raw gates take another softplus, as that of PyTorch, which is the identity above 20', () => {
  const [x, params] = [tensor([[[21]]]), { aLog: tensor([0]) }];
  expect(read(rawGates(x, params, softplusBelow20))).toEqual(Float64Array.of(-21));
  expect(read(rawGates(x, params))[0]).toBeLessThan(-21);
});

it('a vector of zeros has length 0 and a finite gradient', () => {
  for (const norm of ['max', 'sum'] as const) {
    expect(read(unitLength(tensor([0, 0]), norm, 0.25))).toEqual(Float64Array.of(0, 0));
    const slope = norm === 'max' ? 4 : 2;
    expect(read(grad((x) => sum(unitLength(x, norm, 0.25), [0]), tensor([0, 0])))).toEqual(
      Float64Array.of(slope, slope),
    );
  }
});
