/**
 * @file Describes batches of sequences of unequal lengths, padded or packed (varlen), as rows and spans.
 *
 * A batch has rows of equal length. A span is the part of a row that holds one sequence. Places outside every span are padding, and
 * their outputs are 0. Each sequence has its own state. States form a list, because the caches of attention differ in length.
 *
 * `eachSequence` runs each sequence alone. It is correct for every family and mode, and is the reference for the other algorithms.
 * These read the boundaries from the same spans: retention as zeros of its decay matrix, a scan as decays of 0 and 1.
 */
import { described } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { type Shape, show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';

/** Position of a sequence in a batch: its row, its first place in that row, and its number of tokens. */
export interface Span {
  readonly row: number;
  readonly start: number;
  readonly length: number;
}

/**
 * Layout of a batch: number of rows, places per row, and one span for each sequence, in the order of the states. Spans do not
 * overlap.
 */
export interface Batch {
  readonly rows: number;
  readonly places: number;
  readonly spans: readonly Span[];
}

/**
 * Builds a padded batch from its mask [b][t]: 1 for a token, 0 for padding. Each row is one sequence, with padding before it, after
 * it, or both. A row of padding alone is an empty sequence. Throws on ragged rows, on entries other than 0 and 1, and on padding
 * inside a sequence.
 * @example
 * paddedBatch([[0, 1, 1], [1, 0, 0]]).spans // [{ row: 0, start: 1, length: 2 }, { row: 1, start: 0, length: 1 }]
 */
export function paddedBatch(mask: readonly (readonly number[])[]): Batch {
  if (!Array.isArray(mask) || mask.length === 0) {
    fail(`paddedBatch: the mask is ${described(mask)}; give a list of ones and zeros for each row, one at least`);
  }
  const places = mask[0]?.length;
  return { rows: mask.length, places: places ?? 0, spans: mask.map((entries, row) => spanOf(entries, row, places)) };
}

/** Finds the one run of ones in a row of a mask. Throws where there are several. */
function spanOf(entries: readonly number[], row: number, places: number | undefined): Span {
  if (!Array.isArray(entries))
    fail(`paddedBatch: row ${row} of the mask is ${described(entries)}; it is a list of 1 and 0`);
  if (entries.length !== places) {
    fail(`paddedBatch: row ${row} of the mask has ${entries.length} entries and row 0 has ${places}; make them equal`);
  }
  const wrong = entries.findIndex((entry) => entry !== 0 && entry !== 1);
  if (wrong >= 0) {
    fail(
      `paddedBatch: entry ${wrong} of row ${row} of the mask is ${described(entries[wrong])}; it is 1 for a token, 0 for padding`,
    );
  }
  const start = Math.max(0, entries.indexOf(1));
  const length = entries.reduce((total, entry) => total + entry, 0);
  const hole = entries.findIndex((entry, i) => entry === 0 && i >= start && i < start + length);
  if (hole >= 0 && length > 0) {
    fail(
      `paddedBatch: entry ${hole} of row ${row} of the mask is 0 between ones; padding stands before or after a sequence, so move it or pack the row`,
    );
  }
  return { row, start, length };
}

/**
 * Builds a packed batch: one row that holds all sequences, one after another. Sequence i starts at place `cuSeqlens[i]` and ends
 * before place `cuSeqlens[i + 1]`, as in varlen kernels. Equal neighbours mean an empty sequence. Throws unless the entries are
 * integers that start at 0 and never decrease.
 * @example
 * packedBatch([0, 2, 3]).spans // [{ row: 0, start: 0, length: 2 }, { row: 0, start: 2, length: 1 }]
 */
export function packedBatch(cuSeqlens: readonly number[]): Batch {
  if (!Array.isArray(cuSeqlens) || cuSeqlens.length < 2) {
    fail(`packedBatch: cuSeqlens is ${described(cuSeqlens)}; for n sequences it has n + 1 entries, n at least 1`);
  }
  cuSeqlens.forEach((bound, i) => {
    if (!Number.isInteger(bound)) fail(`packedBatch: entry ${i} of cuSeqlens is ${described(bound)}; it is an integer`);
    const before = cuSeqlens[i - 1] ?? 0;
    if (i === 0 && bound !== 0) fail(`packedBatch: cuSeqlens starts with ${bound}; the first sequence starts at 0`);
    if (bound < before) {
      fail(
        `packedBatch: cuSeqlens falls from ${before} to ${bound} at entry ${i}; it cumulates lengths, so it never falls`,
      );
    }
  });
  const spans = cuSeqlens
    .slice(1)
    .map((end, i): Span => ({ row: 0, start: cuSeqlens[i]!, length: end - cuSeqlens[i]! }));
  return { rows: 1, places: cuSeqlens.at(-1)!, spans };
}

/** Throws unless `x` has as many rows as the batch and, along axis `time`, as many places. */
export function checkRows(call: string, what: string, { rows, places }: Batch, x: Value, time: number): void {
  if (x.shape[0] === rows && x.shape[time] === places) return;
  fail(
    `${call}: ${what} has shape ${show(x.shape)}, ${x.shape[0]} rows of ${x.shape[time]} places; the batch has ${rows} of ${places}, so mask or cuSeqlens are of another one`,
  );
}

/** Throws unless there is one state for each sequence. */
export function checkStates(call: string, { spans }: Batch, states: readonly unknown[]): void {
  if (!Array.isArray(states) || states.length !== spans.length) {
    const given = Array.isArray(states) ? `${states.length} states` : `the states are ${described(states)}`;
    fail(`${call}: ${given} for ${spans.length} sequences; give a list with one for each, made for a batch of one`);
  }
}

/** Builds a table [n, b, t] over sequences, rows and places: `entry(n, p)` where the place holds token p of sequence n, else 0. */
export function membership({ rows, places, spans }: Batch, entry: (n: number, p: number) => number): Float64Array {
  const table = new Float64Array(spans.length * rows * places);
  spans.forEach(({ row, start, length }, n) => {
    for (let p = 0; p < length; p++) table[(n * rows + row) * places + start + p] = entry(n, p);
  });
  return table;
}

/** Builds a mask [b, t]: 1 where a place holds a token, 0 at padding. */
export function isToken({ rows, places, spans }: Batch): Float64Array {
  const table = new Float64Array(rows * places);
  for (const { row, start, length } of spans) table.fill(1, row * places + start, row * places + start + length);
  return table;
}

/** Slices a batch along time: places first … first + places − 1. */
export const within = ({ rows, spans }: Batch, first: number, places: number): Batch => ({
  rows,
  places,
  spans: spans.map(({ row, start, length }) => {
    const [from, to] = [start, start + length].map((at) => Math.min(Math.max(at - first, 0), places)) as [
      number,
      number,
    ];
    return { row, start: from, length: to - from };
  }),
});

/** Shape of a table [b, t] that broadcasts against a value of `rank` axes. Rows are axis 0, and places are axis `time`. */
export const alongRows = ({ rows, places }: Batch, rank: number, time: number): Shape =>
  Array.from({ length: rank }, (_, axis) => (axis === 0 ? rows : axis === time ? places : 1));
