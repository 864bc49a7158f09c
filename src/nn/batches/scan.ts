/**
 * @file Rewrites the scan `h_t = a_t ⊙ h_{t−1} + b_t` of a batch as one scan over its rows. Boundaries and padding become decays
 * and inputs.
 */

import { fail } from '../../tensor/errors.ts';
import { constantLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { select } from '../../tensor/primitives/select.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { alongRows, type Batch, checkRows, checkStates, isToken } from './batch.ts';
import { cutOut, putBack } from './each-sequence.ts';

/** Decays a and inputs b of a scan, of one shape; axis 0 is the row. */
export interface ScanInputs {
  readonly a: Value;
  readonly b: Value;
}

/**
 * Rewrites the scan of a batch as a scan over its rows from a zero state. Padding has decay 1 and input 0, which keep the state.
 * The first token of a sequence has decay 0 and input `a_t ⊙ S + b_t`. S is the initial state of the sequence: a batch of one, of
 * length 1 along time. {@link scanStates} reads the final states. Throws where shapes differ, and where inputs or states do not fit
 * the batch.
 * @example
 * const [half, one] = [tensor([[0.5, 0.5]]), tensor([[1, 1]])];
 * const { a, b } = scanBatch(packedBatch([0, 1, 2]), 1, { a: half, b: one }, [tensor([[2]]), tensor([[6]])]);
 * [read(a), read(b)] // [[0, 0], [2, 4]]
 */
export function scanBatch(batch: Batch, time: number, { a, b }: ScanInputs, states: readonly Value[]): ScanInputs {
  checkRows('scanBatch', 'a', batch, a, time);
  if (!sameShape(a.shape, b.shape))
    fail(`scanBatch: a has shape ${show(a.shape)} and b ${show(b.shape)}; make them equal`);
  checkStates('scanBatch', batch, states);
  const shape = alongRows(batch, a.shape.length, time);
  const spans = batch.spans.map((span) => ({ ...span, length: Math.min(1, span.length) }));
  const starts = { ...batch, spans };
  // an empty sequence keeps its state without the scan
  const own = putBack(
    starts,
    time,
    states.map((state, n) => slice(state, time, 0, spans[n]!.length)),
  );
  const [token, first] = [batch, starts].map((one) => constantLike(a, isToken(one), shape)) as [Value, Value];
  const carried = select(first, mul(select(first, a, 0), own), 0);
  return { a: select(first, 0, select(token, a, 1)), b: add(select(token, b, 0), carried) };
}

/**
 * Reads the final state of each sequence from the scan's values `h` at every place. It is the value at the last token, or the
 * initial state if the sequence is empty.
 * @example
 * scanStates(packedBatch([0, 1, 2]), 1, tensor([[2, 4]]), [tensor([[2]]), tensor([[6]])]).map(item) // [2, 4]
 */
export const scanStates = (batch: Batch, time: number, h: Value, states: readonly Value[]): Value[] =>
  batch.spans.map((span, n) =>
    span.length === 0 ? states[n]! : cutOut(h, { ...span, start: span.start + span.length - 1, length: 1 }, time),
  );
