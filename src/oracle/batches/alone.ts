/** @file Runs each sequence of a batch alone, by a program of sequences of one length. The states of all sequences are one tensor. */
import { type Batch, packedBatch } from '../../nn/batches/batch.ts';
import { cutOut, putBack } from '../../nn/batches/each-sequence.ts';
import { fail } from '../../tensor/errors.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { axisOf, isOfOneSequence, longestIn } from '../axes.ts';
import type { BatchKind } from '../batch-kind.ts';
import { ofSequence, ownOf } from '../batchable.ts';
import type { Settings } from '../case.ts';
import { mapValues } from '../named.ts';
import type { Operator } from '../operator.ts';
import type { Named, Program } from '../program.ts';

/** The settings of a batch: the length of each sequence and, of a padded one, the side of the padding. */
export interface BatchSettings extends Settings {
  readonly lengths: readonly number[];
  readonly padding?: 'left' | 'right';
}

/** Tensors by name, as far as they have shapes. */
type Shaped = Readonly<Record<string, { readonly shape: Shape }>>;

/** The batch that settings describe, for inputs in its form. Throws where they do not fit. */
export function batchOf(operator: Operator, kind: BatchKind, inputs: Shaped, settings: Settings): Batch {
  const { lengths, padding } = settings as BatchSettings;
  const places = longestIn(operator, { inputs });
  if (kind === 'packed') {
    const bounds = [0];
    for (const length of lengths) bounds.push(bounds.at(-1)! + length);
    if (bounds.at(-1) !== places) fail(`packed: the lengths ${lengths} are not those of ${places} tokens`);
    return packedBatch(bounds);
  }
  if (lengths.some((length) => length > places))
    fail(`padded: the lengths ${lengths} are not those of ${places} places`);
  const spans = lengths.map((length, row) => ({ row, start: padding === 'left' ? places - length : 0, length }));
  return { rows: lengths.length, places, spans };
}

/** The settings without those of the batch. */
export const withoutBatch = ({ lengths: _, padding: __, ...rest }: Settings): Settings => rest;

/** Runs each sequence alone. A program that needs tokens leaves empty sequences to another one. Outputs at padding are 0. */
export const eachAlone =
  (operator: Operator, kind: BatchKind, run: Program, ofEmpty: Program = run): Program =>
  (inputs, settings) => {
    const batch = batchOf(operator, kind, inputs, settings);
    const rest = withoutBatch(settings);
    const results = batch.spans.map((span, i) => {
      const own = mapValues(inputs, (x, name) => {
        const time = axisOf(operator, 'time', 'inputs', name);
        return time === undefined ? stateOf(operator, x, name, i) : cutOut(x, span, time);
      });
      return (span.length === 0 ? ofEmpty : run)(own, rest);
    });
    return mapValues(results[0]!, (_, name) => {
      const time = axisOf(operator, 'time', 'outputs', name);
      const all = results.map((result) => result[name]!);
      return time === undefined ? concat(all, 0) : putBack(batch, time, all);
    });
  };

const stateOf = (operator: Operator, x: Value, name: string, i: number): Value =>
  axisOf(operator, 'batch', 'inputs', name) === undefined ? x : slice(x, 0, i, i + 1);

/** Runs a program of batches that takes the state of sequence i as `state@i`, as the laws do. */
export const together =
  (operator: Operator, kind: BatchKind, run: Program): Program =>
  (inputs, settings) => {
    const batch = batchOf(operator, kind, inputs, settings);
    const entries = Object.entries(inputs).flatMap(([name, x]): [string, Value][] =>
      isOfOneSequence(operator, name)
        ? batch.spans.map((_, i) => [ofSequence(name, i), slice(x, 0, i, i + 1)])
        : [[name, x]],
    );
    const results: Named = run(Object.fromEntries(entries), { ...withoutBatch(settings), batch });
    const states = batch.spans.map((_, i) => ownOf(results, i));
    return {
      ...Object.fromEntries(Object.entries(results).filter(([name]) => !name.includes('@'))),
      ...mapValues(states[0]!, (_, name) =>
        concat(
          states.map((one) => one[name]!),
          0,
        ),
      ),
    };
  };
