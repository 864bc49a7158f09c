/** @file Declares the linear recurrence h_t = a_t h_{t−1} + b_t, which every scan kernel computes. */
import * as fc from 'fast-check';
import { linearRecurrence } from '../../../../spec/linear-recurrence.ts';
import { scanBatch, scanStates } from '../../../nn/batches/scan.ts';
import {
  logStepStates,
  type Recurrence,
  recurrentStates,
  scanStates as statesByScan,
} from '../../../nn/selective-scan/recurrences.ts';
import { filledLike, zerosLike } from '../../../tensor/operand.ts';
import { at } from '../../../tensor/ops.ts';
import { log } from '../../../tensor/primitives/log.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { type InBatch, statesByName, statesOf } from '../../batchable.ts';
import type { Settings } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { anyAssociation, axis, lastingDecays, lengths } from '../../draw.ts';
import { byCumulatedLogarithms } from '../../forms/cumulated-logarithms.ts';
import { byPairs, byQuotients, withDividedGradient } from '../../forms/recurrences.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';
import type { Program } from '../../program.ts';

const signature = 'a btn, b btn, state bn -> output btn, state bn';

/** Makes a program that returns all states and the final state. For an empty sequence that is the initial state. */
export const scanProgram =
  (states: Recurrence): ProgramOf<typeof signature, Settings> =>
  ({ a, b, state }) => {
    const t = b.shape[1]!;
    if (t === 0) return { output: b, state };
    const output = states(a, b, state);
    return { output, state: at(output, 1, t - 1) };
  };

/** Runs a batch as one scan of its rows, from 0. Boundaries become decays of 0, and padding becomes decays of 1. */
const batchProgram =
  (states: Recurrence): Program<InBatch<Settings>> =>
  (inputs, { batch }) => {
    const [a, b] = [inputs.a!, inputs.b!];
    const [rows, places, n] = a.shape as readonly [number, number, number];
    const before = statesOf(inputs, batch, 'state').map((state) => reshape(state, [1, 1, n]));
    const bounded = scanBatch(batch, 1, { a, b }, before);
    const output = places === 0 ? b : states(bounded.a, bounded.b, zerosLike(a, [rows, n]));
    const after = scanStates(batch, 1, output, before).map((state) => ({ state: reshape(state, [1, n]) }));
    return { output, ...statesByName(after) };
  };

const inEveryMode = <T>(of: (states: Recurrence) => T) => ({
  recurrent: of(recurrentStates),
  scan: of(statesByScan),
  logStep: of(logStepStates),
});

/** The linear recurrence: Eq. 5 with given decays and an initial state. */
export const linearScan = defineOperator({
  name: 'linearScan',
  chapter: 'spec/linear-recurrence.ts',
  evidence: ['F', 'R'],
  signature,
  // products of wide decays overflow in every format
  values: ['normal', 'normal', 'sparse'],
  layouts: (size) =>
    fc.record({ b: axis(size, 'b', 3), t: lengths(size), n: axis(size, 'n', 5) }).map((letters) =>
      layoutOf(signature, {
        lengths: letters,
        settings: {},
        details: { a: size.lasting ? { between: lastingDecays(size) } : { spread: 0.7, isFactor: true } },
      }),
    ),
  definition: over('b', signature, ({ a, b, state }) => {
    const output = linearRecurrence(a, b, state);
    return { output, state: output.at(-1) ?? state };
  }),
  modes: inEveryMode(scanProgram),
  says: inEveryMode(() => 'products of decays'),
  forms: inEveryMode((states) => ({
    dividedGradient: {
      says: 'products of decays; the gradient of a decay as that of its logarithm, divided by it',
      loses: 'in the gradient of a decay that is 0',
      program: scanProgram(withDividedGradient(states)),
    },
    cumulatedLogarithms: {
      ofPairs: true,
      says: 'exponentials of differences of log a, cumulated over the sequence',
      loses: 'where a decay is not positive',
      program: scanProgram((a, b, state) => byPairs(byCumulatedLogarithms)(log(a), b, state)),
    },
    quotients: {
      says: 'cumulative sums of b divided by products of decays',
      loses: 'where a product of decays is 0 or underflows',
      isFaultThere: true,
      program: scanProgram((a, b, state) =>
        byQuotients(statesByScan(a, zerosLike(a), filledLike(state, 1, state.shape)), b, state),
      ),
    },
  })),
  reference: 'recurrent',
  boundsOf: anyAssociation,
  laws: { linearIn: ['b', 'state'], timeInvariant: true, exact: true },
  together: inEveryMode(batchProgram),
});
