/** @file Linear attention with gates over a tape: token by token, and in chunks with cumulated gates. */
import type { Activation } from './activations.ts';
import { columnsOf, exponential, type Num, type Tape } from './tape.ts';

/** One head: rows of tokens [t][d] and [t][e], gates [t][1] or [t][d], and the state [d][e]. */
export interface GatedHead {
  readonly q: Num[][];
  readonly k: Num[][];
  readonly v: Num[][];
  readonly gates: Num[][];
  readonly state: Num[][];
}

/** What a head gives. */
export interface Attended {
  readonly output: Num[][];
  readonly state: Num[][];
}

/** How a kernel computes decays. */
export interface How {
  /** Cumulative sums of gates: one after another, or as a tree over a whole chunk with zeros at its end. */
  readonly cumulates?: 'serial' | 'tree';
  readonly exp?: Activation;
  /**
   * Products of queries and keys whose channels have gates: pair by pair, or as one product of operands that are scaled by decays from and to
   * the first token of a block of 16.
   */
  readonly pairs?: 'apart' | 'blocks';
  readonly size: (asked: number) => number;
}

const blockSize = 16;

/** Sums as a tree (Hillis and Steele) over `size` places, or so many of them that one more level would add zeros alone. */
function treeSums(t: Tape, gates: readonly Num[], size: number): Num[] {
  const places = Math.min(size, 2 ** (1 + Math.ceil(Math.log2(gates.length))));
  let sums = Array.from({ length: places }, (_, i) => gates[i] ?? t.of(0));
  for (let step = 1; step < places; step *= 2) {
    const last = sums;
    sums = last.map((x, i) => (i < step ? x : t.add(x, last[i - step]!)));
  }
  return sums;
}

/** The decays of the tokens of a chunk, for each channel that has gates. */
export interface Decays {
  readonly channels: number;
  /** From after token j to token i ≥ j; without i, to the end; without j, from the start. */
  of(channel: number, i: number | 'end', j: number | 'start'): Num;
}

/** Exponentials of differences of gates, cumulated over a chunk. `size` is that of a whole chunk. */
export function cumulatedDecays(t: Tape, gates: readonly Num[][], size: number, how: How): Decays {
  const channels = gates[0]!.length;
  const sums = columnsOf(gates, channels).map((own) => {
    if (how.cumulates === 'tree') return treeSums(t, own, size);
    const all: Num[] = [];
    for (const x of own) all.push(all.length === 0 ? x : t.add(all.at(-1)!, x));
    return all;
  });
  const exp = (x: Num): Num => t.stored(t.apply(x, how.exp ?? exponential), 'decay');
  return {
    channels,
    of(channel, i, j) {
      const own = sums[channel]!;
      const to = i === 'end' ? own.at(-1)! : own[i]!;
      return exp(j === 'start' ? to : t.sub(to, own[j]!));
    },
  };
}

/** `x_i · L_ij y_j` for tokens j up to i, or before it, of a chunk. */
export function scoresOf(t: Tape, x: Num[][], y: Num[][], decays: Decays, isStrict: boolean, how: How): Num[][] {
  const scaled = (rows: Num[], decayOf: (channel: number) => Num): Num[] =>
    rows.map((one, c) => t.mul(one, decayOf(c)));
  return x.map((row, i) => {
    const count = isStrict ? i : i + 1;
    return y.slice(0, count).map((other, j) => {
      if (decays.channels === 1) return t.stored(t.mul(t.dot(row, other), decays.of(0, i, j)), 'score');
      const reference = i - (i % blockSize);
      if (how.pairs === 'blocks' && j < reference) {
        const left = scaled(row, (c) => decays.of(c, i, reference));
        return t.stored(
          t.dot(
            left,
            scaled(other, (c) => decays.of(c, reference, j)),
          ),
          'score',
        );
      }
      return t.stored(
        t.inner(
          scaled(row, (c) => decays.of(c, i, j)),
          other,
        ),
        'score',
      );
    });
  });
}

/** Rows scaled by decays, the one of a head or one for each channel. */
export const decayedRows = (t: Tape, rows: Num[][], { channels }: Decays, of: (row: number, channel: number) => Num) =>
  rows.map((row, i) => {
    if (channels > 1) return row.map((x, c) => t.mul(x, of(i, c)));
    const decay = of(i, 0);
    return row.map((x) => t.mul(x, decay));
  });

/** Runs a chunk after another. */
export function overChunks<Head extends GatedHead>(
  head: Head,
  size: number,
  run: (part: Head, state: Num[][]) => Attended,
): Attended {
  const output: Num[][] = [];
  let state = head.state;
  for (let from = 0; from < head.q.length; from += size) {
    const part = Object.fromEntries(
      Object.entries(head).map(([name, rows]) => [name, name === 'state' ? rows : rows.slice(from, from + size)]),
    ) as Head;
    const own = run(part, state);
    output.push(...own.output);
    state = own.state;
  }
  return { output, state };
}

/** The state after a chunk: what is kept of it, and keys times values. */
export function stateAfter(t: Tape, state: Num[][], decays: Decays, keys: Num[][], values: Num[][]): Num[][] {
  const [d, e] = [state.length, state[0]!.length];
  const [keyColumns, valueColumns] = [columnsOf(keys, d), columnsOf(values, e)];
  return state.map((row, i) => {
    const kept = decays.of(decays.channels === 1 ? 0 : i, 'end', 'start');
    return row.map((x, j) => t.stored(t.dot(keyColumns[i]!, valueColumns[j]!, t.mul(kept, x)), 'state'));
  });
}

/** Linear attention in chunks. */
export const attendInChunks =
  (how: How) =>
  (t: Tape, head: GatedHead, asked: number): Attended => {
    const [size, e] = [how.size(asked), head.state[0]?.length ?? 0];
    return overChunks(head, size, ({ q, k, v, gates }, state) => {
      const decays = cumulatedDecays(t, gates, size, how);
      const scores = scoresOf(t, q, k, decays, false, how);
      const reads = decayedRows(t, q, decays, (i, c) => decays.of(c, i, 'start'));
      const [stateColumns, valueColumns] = [columnsOf(state, e), columnsOf(v, e)];
      const output = reads.map((row, i) =>
        valueColumns.map((values, j) => t.dot(scores[i]!, values.slice(0, i + 1), t.dot(row, stateColumns[j]!))),
      );
      const writes = decayedRows(t, k, decays, (j, c) => decays.of(c, 'end', j));
      return { output, state: stateAfter(t, state, decays, writes, v) };
    });
  };

/** The decayed state of a token. */
export function decayedState(t: Tape, state: Num[][], gates: readonly Num[], exp: Activation = exponential): Num[][] {
  const decays = gates.map((gate) => t.stored(t.apply(gate, exp), 'decay'));
  return state.map((row, i) => row.map((x) => t.mul(decays[decays.length === 1 ? 0 : i]!, x)));
}

/** Linear attention token by token, in registers. */
export const attendByTokens =
  (exp: Activation = exponential) =>
  (t: Tape, { q, k, v, gates, state }: GatedHead): Attended => {
    let s = state;
    const output = q.map((query, i) => {
      s = decayedState(t, s, gates[i]!, exp).map((row, c) =>
        row.map((x, j) => t.stored(t.inner([k[i]![c]!], [v[i]![j]!], x), 'state')),
      );
      return columnsOf(s, v[i]!.length).map((column) => t.inner(query, column));
    });
    return { output, state: s };
  };
