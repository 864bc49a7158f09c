/** @file Kernels of the delta rule over a tape: token by token, and in chunks, with gradients of gates by the tape or by hand. */
import { type Activation, identity } from './activations.ts';
import {
  type Attended,
  cumulatedDecays,
  decayedRows,
  decayedState,
  type GatedHead,
  type How,
  overChunks,
  scoresOf,
  stateAfter,
} from './gated-chunks.ts';
import { columnsOf, type Num, type Tape } from './tape.ts';

/** A head of a delta rule: also step sizes [t][1], or [t][e]. */
export interface DeltaHead extends GatedHead {
  readonly beta: Num[][];
  /** The keys as they read, if their gradients are apart from those of keys that write. */
  readonly reads?: Num[][];
}

export type DeltaKernel = (t: Tape, head: DeltaHead, asked: number) => Attended;

/** The step size of a value channel. */
const stepOf = (beta: readonly Num[], e: number): Num => beta[beta.length === 1 ? 0 : e]!;

export const deltaByTokens =
  (exp?: Activation): DeltaKernel =>
  (t, { q, k, v, beta, gates, state }) => {
    const e = state[0]?.length ?? 0;
    let s = state;
    const output = q.map((query, i) => {
      const decayed = decayedState(t, s, gates[i]!, exp);
      const written = columnsOf(decayed, e).map((column, j) =>
        t.mul(stepOf(beta[i]!, j), t.sub(v[i]![j]!, t.inner(k[i]!, column))),
      );
      s = decayed.map((row, c) => row.map((x, j) => t.stored(t.inner([k[i]![c]!], [written[j]!], x), 'state')));
      return columnsOf(s, e).map((column) => t.inner(query, column));
    });
    return { output, state: s };
  };

/** What a chunk writes: by the WY form, with the inverse of its triangle, or solved row by row. */
type Writing = 'inverse' | 'solved';

/** The inverse of I + M for the strictly lower triangle M, a row after another. */
function inverseOf(t: Tape, m: Num[][]): Num[][] {
  const rows: Num[][] = [];
  m.forEach((row, i) => {
    const own = Array.from({ length: i }, (_, s) => {
      const above = Array.from({ length: i - s }, (__, j) => s + j);
      const sum = t.inner(
        above.map((j) => row[j]!),
        above.map((j) => rows[j]![s]!),
      );
      return t.stored(
        t.apply(sum, (_a, x) => [-x, -1]),
        'score',
      );
    });
    rows.push([...own, t.of(1)]);
  });
  return rows;
}

export const deltaInChunks =
  (how: How & { readonly writing: Writing }): DeltaKernel =>
  (t, head, asked) => {
    const [size, e] = [how.size(asked), head.state[0]?.length ?? 0];
    return overChunks(head, size, ({ q, k, v, beta, gates, reads: readers = k }, state) => {
      const decays = cumulatedDecays(t, gates, size, how);
      const own = scoresOf(t, readers, k, decays, true, how);
      const scores = scoresOf(t, q, k, decays, false, how);
      const fromStart = (rows: Num[][]): Num[][] => decayedRows(t, rows, decays, (i, c) => decays.of(c, i, 'start'));
      const stateColumns = columnsOf(state, e);
      const [reads, keys] = [fromStart(q), fromStart(readers)];
      const written: Num[][] = [];
      if (how.writing === 'solved') {
        keys.forEach((key, i) => {
          const before = columnsOf(written, e);
          written.push(
            stateColumns.map((column, j) => {
              const known = t.dot(own[i]!, before[j]!, t.dot(key, column));
              return t.mul(stepOf(beta[i]!, j), t.sub(v[i]![j]!, known));
            }),
          );
        });
      } else {
        const inverse = inverseOf(
          t,
          own.map((row, i) => row.map((x) => t.mul(beta[i]![0]!, x))),
        );
        const scaled = (rows: Num[][]): Num[][] => rows.map((row, i) => row.map((x) => t.mul(beta[i]![0]!, x)));
        const [values, ofKeys] = [columnsOf(scaled(v), e), columnsOf(scaled(keys), state.length)];
        inverse.forEach((row) => {
          const count = row.length;
          const w = ofKeys.map((column) => t.dot(row, column.slice(0, count)));
          written.push(
            values.map((column, j) => t.sub(t.dot(row, column.slice(0, count)), t.dot(w, stateColumns[j]!))),
          );
        });
      }
      const columns = columnsOf(written, e);
      const output = reads.map((row, i) =>
        columns.map((values, j) => t.dot(scores[i]!, values.slice(0, i + 1), t.dot(row, stateColumns[j]!))),
      );
      const writes = decayedRows(t, k, decays, (j, c) => decays.of(c, 'end', j));
      return { output, state: stateAfter(t, state, decays, writes, written) };
    });
  };

/**
 * The same with gradients of gates by hand, as kernels have them: in each chunk a reversed cumulative sum of q·dq + k·dk where keys read, less
 * k·dk where they write, and what the state after the chunk gives.
 */
export const withGateDifferences =
  (how: How & { readonly writing: Writing }): DeltaKernel =>
  (t, head, asked) => {
    const size = how.size(asked);
    const rule = deltaInChunks({ ...how, size: () => size });
    const channels = head.gates[0]?.length ?? 1;
    return overChunks(head, size, (part, state) => {
      const { a } = t;
      const copies = (rows: Num[][]): Num[][] => rows.map((row) => row.map((x) => t.apply(x, identity)));
      const after: { state: Num[][] } = { state: [] };
      const own: { q: Num[][]; reads: Num[][]; writes: Num[][] } = { q: [], reads: [], writes: [] };
      t.onBack(() => {
        const terms = (c: number, i: number): number => {
          const of = (rows: Num[][], at: number): number => a.mul(rows[i]![at]!.x, rows[i]![at]!.d);
          const all = channels === 1 ? own.q[i]!.map((_, at) => at) : [c];
          const difference = (at: number): number => a.sub(a.add(of(own.q, at), of(own.reads, at)), of(own.writes, at));
          return all.reduce((sum, at) => a.add(sum, difference(at)), 0);
        };
        for (let c = 0; c < channels; c++) {
          const rows = channels === 1 ? after.state : [after.state[c]!];
          let sum = rows.flat().reduce((all, x) => a.fma(x.x, x.d, all), 0);
          for (let i = part.q.length - 1; i >= 0; i--) {
            sum = a.add(sum, terms(c, i));
            const gate = part.gates[i]![c]!;
            gate.d = a.add(gate.d, sum);
          }
        }
      });
      const still = part.gates.map((row) => row.map((gate) => t.of(gate.x)));
      Object.assign(own, { q: copies(part.q), reads: copies(part.k), writes: copies(part.k) });
      const answer = rule(t, { ...part, q: own.q, k: own.writes, reads: own.reads, gates: still, state }, size);
      after.state = answer.state;
      return answer;
    });
  };
