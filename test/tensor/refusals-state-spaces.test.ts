/** @file Refused calls of scans, convolutions and functions of state space models. */
import { describe } from 'vitest';
import { indices, scalar, tensor } from '../../src/executors/f64/index.ts';
import { causalConvolution } from '../../src/tensor/primitives/causal-convolution.ts';
import { cos } from '../../src/tensor/primitives/cos.ts';
import { expm1 } from '../../src/tensor/primitives/expm1.ts';
import { linearScan } from '../../src/tensor/primitives/linear-scan.ts';
import { phi, phi1 } from '../../src/tensor/primitives/phi.ts';
import { sin } from '../../src/tensor/primitives/sin.ts';
import { softplus } from '../../src/tensor/primitives/softplus.ts';
import { refuses, untyped } from '../support/refusals.ts';

const x = tensor([1, 2, 3]);
const m = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

describe('refusals in scans', () => {
  refuses([
    [() => linearScan(x, m, x, 0), 'linearScan: a has shape [3], b has [2, 3]; broadcast one first'],
    [
      () => linearScan(m, m, tensor([1, 2]), 0),
      'linearScan: h0 has shape [2], not [3], which is that of b without axis 0',
    ],
    [() => linearScan(m, m, m, 1), 'linearScan: h0 has shape [2, 3], not [2], which is that of b without axis 1'],
    [() => linearScan(x, x, x, -1), 'linearScan: h0 has shape [3], not [], which is that of b without axis 0'],
    [() => linearScan(m, m, x, 2), 'linearScan: axis 2 does not exist in shape [2, 3]; use -2…1'],
    [
      () => linearScan(scalar(1), scalar(1), scalar(1), 0),
      'linearScan: axis 0 does not exist in shape []; a scalar has no axes',
    ],
    [
      () => linearScan(indices([0, 1, 2]), x, scalar(1), 0),
      'linearScan: operand 0 is of kind index, not real; index values are never computed with',
    ],
    [
      () => linearScan(x, x, indices(1), 0),
      'linearScan: operand 2 is of kind index, not real; index values are never computed with',
    ],
    [() => linearScan(x, x, untyped(0), 0), 'linearScan: operand 2 is 0, not a value; make one with tensor(…)'],
    [
      () => linearScan(x, untyped([1]), x, 0),
      'linearScan: operand 1 is a list of 1, not a value; make one with tensor(…)',
    ],
  ]);
});

describe('refusals in convolutions', () => {
  refuses([
    [() => causalConvolution(m, x, 1), 'causalConvolution: x has shape [2, 3], k has [3]; broadcast one first'],
    [() => causalConvolution(x, x, 1), 'causalConvolution: axis 1 does not exist in shape [3]; use -1…0'],
    [
      () => causalConvolution(x, x, 0, { method: untyped('dft') }),
      "causalConvolution: there is no method 'dft'; use 'direct' or 'fft' (did you mean 'fft'?)",
    ],
    [
      () => causalConvolution(x, indices([0, 1, 2]), 0),
      'causalConvolution: operand 1 is of kind index, not real; index values are never computed with',
    ],
    [
      () => causalConvolution(untyped([1]), x, 0),
      'causalConvolution: operand 0 is a list of 1, not a value; make one with tensor(…)',
    ],
    [
      () => causalConvolution(x, untyped([1]), 0),
      'causalConvolution: operand 1 is a list of 1, not a value; make one with tensor(…)',
    ],
  ]);
});

describe('refusals in functions of state spaces', () => {
  const ids = indices([1, 2]);
  refuses([
    [() => expm1(ids), 'expm1: operand 0 is of kind index, not real; index values are never computed with'],
    [() => sin(ids), 'sin: operand 0 is of kind index, not real; index values are never computed with'],
    [() => sin(untyped(1)), 'sin: operand 0 is 1, not a value; make one with tensor(…)'],
    [() => cos(untyped(null)), 'cos: operand 0 is null, not a value; make one with tensor(…)'],
    [() => phi(x, 0), 'phi: the order is 0; an order is an integer ≥ 1'],
    [() => phi(x, 1.5), 'phi: the order is 1.5; an order is an integer ≥ 1'],
    [() => phi(x, untyped(undefined)), 'phi: the order is undefined; an order is an integer ≥ 1'],
    [() => phi1(ids), 'phi: operand 0 is of kind index, not real; index values are never computed with'],
    [() => phi1(untyped(0.5)), 'phi: operand 0 is 0.5, not a value; make one with tensor(…)'],
    [() => softplus(ids), 'softplus: operand 0 is of kind index, not real; index values are never computed with'],
    [() => softplus(untyped([1])), 'softplus: operand 0 is a list of 1, not a value; make one with tensor(…)'],
  ]);
});
