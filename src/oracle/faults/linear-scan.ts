/** @file Wrong scans of a linear recurrence, after bugs that were found in the wild. */
import type { Recurrence } from '../../nn/selective-scan/recurrences.ts';
import { associativeScan } from '../../nn/ssm/associative-scan.ts';
import { realCombine } from '../../nn/ssm/combine.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { div } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { linearScan as scan } from '../../tensor/primitives/linear-scan.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { scanProgram } from '../operators/linear-scan.ts';

const fault = (mode: string, name: string, says: string, rejectedBy: readonly string[], states: Recurrence): Fault => ({
  operator: 'linearScan',
  mode,
  name,
  says,
  rejectedBy,
  program: scanProgram(states),
});

/** The token before each one; before the first, itself. */
const previous = (x: Value): Value => concat([slice(x, 1, 0, 1), slice(x, 1, 0, x.shape[1]! - 1)], 1);

const besideTokens = (state: Value): Value => reshape(state, [state.shape[0]!, 1, state.shape[1]!]);

export const linearScanFaults: readonly Fault[] = [
  fault(
    'scan',
    'state-ignored',
    'starts from zero whatever state it is given',
    ['definition', 'resumable'],
    (a, b, h) => scan(a, b, zerosLike(h), 1),
  ),
  fault(
    'scan',
    'decay-one-late',
    'a token is decayed by the decay of the one before it',
    ['definition', 'modes'],
    (a, b, h) => scan(previous(a), b, h, 1),
  ),
  fault('scan', 'state-detached', 'no gradient reaches the initial state', ['modes', 'derivative'], (a, b, h) =>
    scan(a, b, stopGradient(h), 1),
  ),
  fault(
    'logStep',
    'operands-swapped',
    'the later step is applied before the earlier one',
    ['definition', 'modes', 'dyadic'],
    (a, b, h) => {
      const all = associativeScan((left, right) => realCombine(right, left), { a, b }, 1);
      return add(mul(all.a, besideTokens(h)), all.b);
    },
  ),
  fault(
    'logStep',
    'ratio-of-products',
    'b is divided by the product of decays so far, summed up, and multiplied again: 0/0 where a decay is 0',
    ['definition', 'dyadic'],
    (a, b, h) => {
      const product = associativeScan(mul, a, 1);
      const sums = associativeScan(add, div(b, product), 1);
      return mul(product, add(sums, besideTokens(h)));
    },
  ),
];
