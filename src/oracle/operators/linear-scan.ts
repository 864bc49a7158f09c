/** @file The linear recurrence h_t = a_t h_{t−1} + b_t alone, as an operator: what every scan kernel computes. */
import * as fc from 'fast-check';
import { linearRecurrence } from '../../../spec/linear-recurrence.ts';
import type { Matrix, Vector } from '../../../spec/notation.ts';
import { scanBatch, scanStates } from '../../nn/batches/scan.ts';
import {
  logStepStates,
  type Recurrence,
  recurrentStates,
  scanStates as statesByScan,
} from '../../nn/selective-scan/recurrences.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { at } from '../../tensor/ops.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import type { Value } from '../../tensor/value.ts';
import { batchable, type InBatch, ownOf, statesByName } from '../batchable.ts';
import type { Settings } from '../case.ts';
import { anyAssociation, lengths, small } from '../draw.ts';
import { plain } from '../operator.ts';
import type { Program } from '../program.ts';
import { joinedResults, partsOf } from './per-sequence.ts';

/** A program of a recurrence: all states, and the last one, which of no token is the first. */
export const scanProgram =
  (states: Recurrence): Program =>
  ({ a, b, state }) => {
    const t = b!.shape[1]!;
    if (t === 0) return { output: b!, state: state! };
    const output = states(a!, b!, state!);
    return { output, state: at(output, 1, t - 1) };
  };

/** The recurrence of a batch as one scan of its rows, from 0: boundaries are decays of 0, padding decays of 1. */
const batchProgram =
  (states: Recurrence): Program<InBatch<Settings>> =>
  ({ a, b, ...own }, { batch }) => {
    const before = batch.spans.map((_, i) => {
      const { state } = ownOf(own, i) as { state: Value };
      return reshape(state, [1, 1, state.shape[1]!]);
    });
    const bounded = scanBatch(batch, 1, { a: a!, b: b! }, before);
    const [rows, places, n] = a!.shape as readonly [number, number, number];
    const output = places === 0 ? b! : states(bounded.a, bounded.b, zerosLike(a!, [rows, n]));
    const after = scanStates(batch, 1, output, before).map((state) => ({ state: reshape(state, [1, n]) }));
    return { output, ...statesByName(after) };
  };

const recurrences = { recurrent: recurrentStates, scan: statesByScan, logStep: logStepStates };

const programs = <S extends Settings>(of: (states: Recurrence) => Program<S>): Record<string, Program<S>> =>
  Object.fromEntries(Object.entries(recurrences).map(([mode, states]) => [mode, of(states)]));

/** Eq. 5 with given decays: states [b, t, n] from a and b [b, t, n] and the state [b, n] before the first token. */
export const linearScan = batchable<Settings>(
  {
    ...plain,
    name: 'linearScan',
    chapter: 'spec/linear-recurrence.ts',
    evidence: ['F', 'R'],
    // products of wide decays leave every format
    values: ['normal', 'normal', 'sparse'],
    layouts: (size) =>
      fc.record({ b: small(3), t: lengths(size), n: small(5) }).map(({ b, t, n }) => ({
        inputs: { a: { shape: [b, t, n], spread: 0.7 }, b: { shape: [b, t, n] }, state: { shape: [b, n] } },
        outputs: { output: [b, t, n], state: [b, n] },
        settings: {},
      })),
    definition: (inputs) => {
      const part = partsOf(inputs);
      const shapes = { output: inputs.b!.shape, state: inputs.state!.shape };
      return joinedResults([inputs.b!.shape[0]!], shapes, (b) => {
        const output = linearRecurrence(part<Matrix>('a', b!), part<Matrix>('b', b!), part<Vector>('state', b!));
        return { output, state: output.at(-1)! };
      });
    },
    modes: programs(scanProgram),
    reference: 'recurrent',
    boundsOf: anyAssociation,
    linearIn: ['b', 'state'],
    timeInvariant: true,
    exact: true,
    time: {
      inputs: { a: 1, b: 1 },
      outputs: { output: 1 },
      states: { state: 'state' },
      after: (settings) => settings,
    },
    axes: { batch: { a: 0, b: 0, state: 0, output: 0 } },
  },
  programs(batchProgram),
);
