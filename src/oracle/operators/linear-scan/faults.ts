/** @file Faults of linearScan, modelled on real bugs: the initial state, decays, operand order, padding. */
import { scanStates } from '../../../nn/selective-scan/recurrences.ts';
import { associativeScan } from '../../../nn/ssm/associative-scan.ts';
import { realCombine } from '../../../nn/ssm/combine.ts';
import { zerosLike } from '../../../tensor/operand.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { linearScan as scan } from '../../../tensor/primitives/linear-scan.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { batchFaultsOf, zeroed } from '../../batch-faults.ts';
import { statesByName, statesOf } from '../../batchable.ts';
import { faultsOf } from '../../fault.ts';
import { linearScan, scanProgram } from './operator.ts';

/** Replaces each token by the previous one. The first token stays. */
const previous = (x: Value): Value => concat([slice(x, 1, 0, 1), slice(x, 1, 0, x.shape[1]! - 1)], 1);

const besideTokens = (state: Value): Value => reshape(state, [state.shape[0]!, 1, state.shape[1]!]);

export const linearScanFaults = [
  ...faultsOf(linearScan, [
    {
      mode: 'scan',
      name: 'state-ignored',
      says: 'starts from zero and ignores the given state',
      rejectedBy: ['definition', 'resumable'],
      program: scanProgram((a, b, h) => scan(a, b, zerosLike(h), 1)),
    },
    {
      mode: 'scan',
      name: 'decay-one-late',
      says: 'a token is decayed by the decay of the one before it',
      rejectedBy: ['definition', 'modes'],
      program: scanProgram((a, b, h) => scan(previous(a), b, h, 1)),
    },
    {
      mode: 'scan',
      name: 'state-detached',
      says: 'no gradient reaches the initial state',
      rejectedBy: ['modes', 'derivative'],
      program: scanProgram((a, b, h) => scan(a, b, stopGradient(h), 1)),
    },
    {
      mode: 'logStep',
      name: 'operands-swapped',
      says: 'the later step is applied before the earlier one',
      rejectedBy: ['definition', 'modes', 'dyadic'],
      program: scanProgram((a, b, h) => {
        const all = associativeScan((left, right) => realCombine(right, left), { a, b }, 1);
        return add(mul(all.a, besideTokens(h)), all.b);
      }),
    },
    {
      mode: 'logStep',
      name: 'ratio-of-products',
      says: 'b is divided by the product of decays so far, summed up, and multiplied again: 0/0 where a decay is 0',
      rejectedBy: ['definition', 'dyadic'],
      program: scanProgram((a, b, h) => {
        const product = associativeScan(mul, a, 1);
        const sums = associativeScan(add, div(b, product), 1);
        return mul(product, add(sums, besideTokens(h)));
      }),
    },
  ]),
  ...batchFaultsOf(linearScan, [
    {
      mode: 'scan',
      name: 'padding-decays-state',
      says: 'padding has an input of 0, but a decay of its own',
      rejectedBy: ['padded'],
      program: (inputs, { batch }) => {
        const start = concat(statesOf(inputs, batch, 'state'), 0);
        const scanned = { a: inputs.a!, b: zeroed(inputs.b!, batch, 1), state: start };
        const { output, state } = scanProgram(scanStates)(scanned, {}) as { output: Value; state: Value };
        return { output, ...statesByName(batch.spans.map((_, i) => ({ state: slice(state, 0, i, i + 1) }))) };
      },
    },
  ]),
];
