/** @file Refused calls of state space models, each with its full message. */
import { describe, expect, it } from 'vitest';
import { f64, tensor } from '../../../src/executors/f64/index.ts';
import {
  type Carry,
  chunkwiseSsm,
  type DiscretisationRule,
  denseSsm,
  discretise,
  emptySsmState,
  logStepSsm,
  matrixExponential,
  matrixInverse,
  recurrentSsm,
  recurrentStack,
  type SsmInputs,
  type SsmMode,
  scanSsm,
  ssmIn,
  stateDerivative,
} from '../../../src/nn/index.ts';
import { input, read } from '../../../src/tensor/input.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { refuses, untyped } from '../../support/refusals.ts';

const [e2, one] = [
  tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]),
  tensor([[1]]),
];
const model: SsmInputs<Value> = { x: tensor([[[1, 2]]]), a: e2, b: e2, c: e2 };
const state = emptySsmState(e2, 1);
const matrices = tensor([
  [
    [1, 2],
    [3, 4],
  ],
]);
const complex = { re: e2, im: e2 };
const recurrent: SsmMode = { name: 'recurrent' };

describe('state space models', () => {
  refuses([
    [
      () => recurrentSsm({ ...model, x: e2 }, state),
      'recurrentSsm: x has shape [2, 3]; it is [b, t, e], so reshape it',
    ],
    [
      () => recurrentSsm({ ...model, x: untyped(undefined) }, state),
      'recurrentSsm: x is undefined, not a value; make one with tensor(…)',
    ],
    [
      () => recurrentSsm({ ...model, x: tensor([[[1]]]) }, state),
      'recurrentSsm: x has 1 channels and a has 2; give one model per channel',
    ],
    [
      () => logStepSsm({ ...model, a: tensor([1]) }, state),
      'logStepSsm: a has shape [1]; it is [e, n] for a diagonal, [e, n, n] for a matrix',
    ],
    [
      () => logStepSsm({ ...model, a: tensor([[[1, 2]], [[3, 4]]]) }, state),
      'logStepSsm: a has shape [2, 1, 2]; it is [e, n] for a diagonal, [e, n, n] for a matrix',
    ],
    [
      () => recurrentSsm({ ...model, a: untyped(3) }, state),
      'recurrentSsm: a.re is undefined, not a value; make one with tensor(…)',
    ],
    [
      () => recurrentSsm({ ...model, b: tensor([[1, 2]]) }, state),
      'recurrentSsm: b has shape [1, 2]; for this decay it is [e, n] = [2, 3]',
    ],
    [
      () => recurrentSsm(model, tensor([[[1]]])),
      'recurrentSsm: the state has shape [1, 1, 1]; for this decay it is [b, e, n] = [1, 2, 3]',
    ],
    [
      () => recurrentSsm({ ...model, b: untyped(complex) }, state),
      'recurrentSsm: b is complex, the decay is not; make both of one kind',
    ],
    [
      () => recurrentSsm({ ...model, a: untyped(complex), b: untyped(complex), c: untyped(complex) }, state),
      'recurrentSsm: the state is real, the decay is not; make both of one kind',
    ],
    [
      () => scanSsm({ x: tensor([[[1]]]), a: matrices, b: tensor([[1, 2]]), c: tensor([[1, 2]]) }, tensor([[[0, 0]]])),
      'scanSsm: linearScan has real diagonal decays, and these are matrix; use logStepSsm',
    ],
    [() => chunkwiseSsm(0)(model, state), 'chunks: a chunk of 0; a chunk is an integer ≥ 1'],
    [
      () => ssmIn(untyped({ name: 'parallel' })),
      "ssm: unknown mode 'parallel'; use recurrent, scan, logStep, direct, fft or chunkwise",
    ],
    [() => ssmIn(untyped(null)), "ssm: the mode is null; it is a record, as in { name: 'recurrent' }"],
    [() => ssmIn(untyped('scan')), "ssm: the mode is 'scan'; it is a record, as in { name: 'scan' }"],
  ]);

  it('return the state unchanged for an empty sequence, in every mode', () => {
    const names = ['recurrent', 'scan', 'logStep', 'direct', 'fft'] as const;
    const all: readonly SsmMode[] = [...names.map((name) => ({ name })), { name: 'chunkwise', chunkSize: 3 }];
    const before = tensor([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    for (const mode of all) {
      const { output, state: after } = ssmIn(mode)({ ...model, x: input(f64, [], [1, 0, 2]) }, before);
      expect(output.shape).toEqual([1, 0, 2]);
      expect(read(after)).toEqual(read(before));
    }
  });
});

describe('discretisation', () => {
  const continuous = { a: e2, b: e2, delta: tensor([1, 2]) };
  refuses([
    [
      () => discretise('zeroOrderHold', { ...continuous, delta: one }),
      'discretise: delta has shape [1, 1]; it is [e] = [2], a step for each channel',
    ],
    [
      () => discretise('euler', { ...continuous, b: one }),
      'discretise: b has shape [1, 1]; for this decay it is [e, n] = [2, 3]',
    ],
    [
      () => discretise(untyped('zoh') as DiscretisationRule, continuous),
      "discretise: unknown rule 'zoh'; use zeroOrderHold, bilinear or euler",
    ],
    [() => matrixExponential(one), 'matrixExponential: a has shape [1, 1]; it is [e, n, n], so reshape it'],
    [() => matrixInverse(tensor([[[1, 2]]])), 'matrixInverse: a has shape [1, 1, 2]; its matrices must be square'],
  ]);
});

describe('the dense connection and stacks', () => {
  const selected = [tensor([[[1]]])];
  refuses([
    [
      () => denseSsm(recurrent, 'raw')({ ...model, selected }, state),
      'denseSsm: source 0 has shape [1, 1, 1]; for this decay it is [b, t, e, n] = [1, 1, 2, 3]',
    ],
    [
      () => denseSsm(recurrent, untyped('both') as Carry)({ ...model, selected: [] }, state),
      "denseSsm: carry is 'both'; use raw or fused",
    ],
    [
      () => recurrentStack([], tensor([[[[1]]]]), [one], { epsilon: 1, residual: 0 }),
      'recurrentStack: 1 states for 0 layers above the bottom; give one for each',
    ],
    [
      () => stateDerivative({ a: tensor([1]), b: one }, one, one),
      'stateDerivative: a has shape [1]; it is [e, n] for a diagonal, [e, n, n] for a matrix',
    ],
  ]);
});
