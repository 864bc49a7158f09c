/** @file Runs the sequences of a batch one by one. This is correct for every family and mode. */
import { fail } from '../../tensor/errors.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { leavesOf, mapTree, named, type Tree } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import { type Batch, checkRows, checkStates, type Span } from './batch.ts';

/** Outputs of a batch, 0 at padding, and the state of each sequence after its last token. */
export interface BatchResult<S> {
  readonly output: Value;
  readonly states: S[];
}

/**
 * Runs each sequence of a batch alone, as a batch of one, from its own state. `inputs` all have rows on axis 0 and places on axis
 * `time`. The outputs have the same two axes. Throws where inputs or states do not fit the batch.
 * @example
 * const x = tensor([[1, 2, 3]]);
 * const sums = eachSequence(packedBatch([0, 2, 3]), 1, (x, s) => ({ output: x, state: add(s, sum(x)) }), x, [scalar(0), scalar(7)]);
 * sums.states.map(item) // [3, 10]
 */
export function eachSequence<I extends Tree, S>(
  batch: Batch,
  time: number,
  run: (inputs: I, state: S) => { readonly output: Value; readonly state: S },
  inputs: I,
  states: readonly S[],
): BatchResult<S> {
  checkStates('eachSequence', batch, states);
  mapTree(inputs, (x, path) => {
    checkRows('eachSequence', named('input', path), batch, x, time);
    return x;
  });
  if (leavesOf(inputs).length === 0) fail('eachSequence: there are no inputs; give one value at least');
  const results = batch.spans.map((span, i) =>
    run(
      mapTree(inputs, (x) => cutOut(x, span, time)),
      states[i]!,
    ),
  );
  return {
    output: putBack(
      batch,
      time,
      results.map(({ output }) => output),
    ),
    states: results.map(({ state }) => state),
  };
}

/** Slices the tokens of a sequence, as a batch of one. */
export const cutOut = (x: Value, { row, start, length }: Span, time: number): Value =>
  slice(slice(x, 0, row, row + 1), time, start, start + length);

/** Puts the outputs of the sequences, each a batch of one, back into the rows of the batch. Padding gets 0. */
export function putBack({ rows, places, spans }: Batch, time: number, parts: readonly Value[]): Value {
  const inRow = (row: number): Value => {
    const pieces: Value[] = [];
    let at = 0;
    const fillUpTo = (place: number): void => {
      if (place > at) pieces.push(zerosOf(parts[0]!, time, place - at));
    };
    for (const [i, { start, length }] of placesIn(spans, row)) {
      fillUpTo(start);
      pieces.push(parts[i]!);
      at = start + length;
    }
    fillUpTo(places);
    return pieces.length === 0 ? zerosOf(parts[0]!, time, 0) : concat(pieces, time);
  };
  return concat(
    Array.from({ length: rows }, (_, row) => inRow(row)),
    0,
  );
}

/** Spans of a row from left to right, each with the index of its sequence. */
const placesIn = (spans: readonly Span[], row: number): [number, Span][] =>
  [...spans.entries()].filter(([, span]) => span.row === row).toSorted(([, a], [, b]) => a.start - b.start);

/** Zeros shaped like `x`, with the given length along time. */
const zerosOf = (x: Value, time: number, length: number): Value =>
  zerosLike(
    x,
    x.shape.map((n, axis) => (axis === time ? length : n)),
  );
