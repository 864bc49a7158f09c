/** @file Foreign programs of delta rules: plain, gated, KDA, and the generalised one of RWKV-7; and of gated linear attention. */
import type { Activation } from './activations.ts';
import {
  type DeltaHead,
  type DeltaKernel,
  deltaByTokens,
  deltaInChunks,
  withGateDifferences,
} from './delta-kernels.ts';
import {
  type Attended,
  attendByTokens,
  attendInChunks,
  cumulatedDecays,
  decayedRows,
  decayedState,
  type GatedHead,
  type How,
  overChunks,
  scoresOf,
  stateAfter,
} from './gated-chunks.ts';
import { withoutResets } from './heads.ts';
import type { Call, Foreign } from './program.ts';
import { type Dot, pairwise, reversed, splitK } from './sums.ts';
import {
  columnsOf,
  exponential,
  type Given,
  matrixAt,
  type Num,
  powerOfTwo,
  sigmoid,
  softplus,
  type Tape,
  taped,
  times,
} from './tape.ts';

/** A head of RWKV-7: also the vectors a and b of its transition. */
interface DplrHead extends GatedHead {
  readonly a: Num[][];
  readonly b: Num[][];
}

type DplrKernel = (t: Tape, head: DplrHead, asked: number) => Attended;

const dplrByTokens =
  (exp?: Activation): DplrKernel =>
  (t, { q, k, v, a, b, gates, state }) => {
    const e = state[0]?.length ?? 0;
    let s = state;
    const output = q.map((query, i) => {
      const read = columnsOf(s, e).map((column) => t.inner(a[i]!, column));
      s = decayedState(t, s, gates[i]!, exp).map((row, c) =>
        row.map((x, j) => t.stored(t.inner([b[i]![c]!, k[i]![c]!], [read[j]!, v[i]![j]!], x), 'state')),
      );
      return columnsOf(s, e).map((column) => t.inner(query, column));
    });
    return { output, state: s };
  };

/** Chunks whose vectors a read the decays up to the token before. */
const dplrInChunks =
  (how: How): DplrKernel =>
  (t, head, asked) => {
    const [size, e] = [how.size(asked), head.state[0]?.length ?? 0];
    return overChunks(head, size, ({ q, k, v, a, b, gates }, state) => {
      const decays = cumulatedDecays(t, gates, size, how);
      const before = {
        channels: decays.channels,
        of: (c: number, i: number | 'end', j: number | 'start') =>
          i === 0 && j === 'start' ? t.of(1) : decays.of(c, i === 'end' ? i : i - 1, j),
      };
      const [ofA, ofB] = [k, b].map((rows) => scoresOf(t, a, rows, before, true, how)) as [Num[][], Num[][]];
      const [scoresK, scoresB] = [k, b].map((rows) => scoresOf(t, q, rows, decays, false, how)) as [Num[][], Num[][]];
      const stateColumns = columnsOf(state, e);
      const readers = decayedRows(t, a, decays, (i, c) => before.of(c, i, 'start'));
      const values = columnsOf(v, e);
      const read: Num[][] = [];
      readers.forEach((row, i) => {
        const known = columnsOf(read, e);
        read.push(
          stateColumns.map((column, j) =>
            t.dot(ofB[i]!, known[j] ?? [], t.dot(ofA[i]!, values[j]!.slice(0, i), t.dot(row, column))),
          ),
        );
      });
      const reads = columnsOf(read, e);
      const output = decayedRows(t, q, decays, (i, c) => decays.of(c, i, 'start')).map((row, i) =>
        values.map((column, j) => {
          const ofRead = t.dot(scoresB[i]!, reads[j]!.slice(0, i + 1), t.dot(row, stateColumns[j]!));
          return t.dot(scoresK[i]!, column.slice(0, i + 1), ofRead);
        }),
      );
      const toEnd = (rows: Num[][]): Num[][] => decayedRows(t, rows, decays, (j, c) => decays.of(c, 'end', j));
      const written = [...toEnd(k), ...toEnd(b)];
      return { output, state: stateAfter(t, state, decays, written, [...v, ...read]) };
    });
  };

/** x over its length, by the norm of the settings. */
function unit(t: Tape, x: Num[], { l2norm, epsilon }: Given['settings']): Num[] {
  if (l2norm === 'none' || l2norm === undefined) return x;
  const square = t.inner(x, x);
  const [small, a] = [a32(t, epsilon as number), t.a];
  if (l2norm === 'max' && square.x <= a.mul(small, small)) return x.map((one) => t.apply(one, times(1 / small)));
  const inside = l2norm === 'sum' ? t.add(square, t.of(small)) : square;
  const inverse = t.apply(inside, (_, y) => {
    const root = a.rsqrt(y);
    return [root, a.mul(-0.5, a.mul(root, a.mul(root, root)))];
  });
  return x.map((one) => t.mul(one, inverse));
}

const a32 = ({ a }: Tape, x: number): number => a.constant(x);

/** The gates of a head from their source: [t][1] or [t][d]. */
function gatesOf(t: Tape, { inputs, settings }: Given, rows: Num[][], h: number): Num[][] {
  if (settings.gate === undefined || settings.gate === 'log_decay') return rows;
  const rate = t.apply(inputs.aLog!.data[h]!, exponential);
  const width = rows[0]?.length ?? 1;
  return rows.map((row) =>
    row.map((x, c) => {
      const bias = inputs.gateBias?.data[h * width + c];
      const biased = bias === undefined ? x : t.add(x, bias);
      if (settings.gate === 'raw') return t.apply(t.mul(rate, t.apply(biased, softplus)), times(-1));
      return t.apply(t.apply(t.mul(rate, biased), sigmoid), times(settings.lowerBound as number));
    }),
  );
}

/** Runs a kernel of one head on every head. Heads of a group share queries, keys and what has their shape. */
const onHeads = <Head extends GatedHead>(
  kernel: (t: Tape, head: Head, asked: number) => Attended,
  { sums, more = [] }: { readonly sums?: Dot; readonly more?: readonly (keyof Head & string)[] } = {},
) =>
  taped((given, t) => {
    const { inputs, settings } = given;
    const [q, k, v, state] = [inputs.q!, inputs.k!, inputs.v!, inputs.state!];
    const [batch, heads, length, e] = v.shape as [number, number, number, number];
    const [, groups, , d] = q.shape as [number, number, number, number];
    // the heads of a group read the same normed rows
    const normed = Array.from({ length: batch * groups }, (_, at) => ({
      q: matrixAt(q, at * length * d, length, d).map((row) =>
        unit(t, row, settings).map((x) => t.apply(x, times(settings.scale as number))),
      ),
      k: matrixAt(k, at * length * d, length, d).map((row) => unit(t, row, settings)),
    }));
    const [output, last]: [Num[], Num[]] = [[], []];
    for (let row = 0; row < batch * heads; row++) {
      const h = row % heads;
      const group = ((row - h) / heads) * groups + Math.floor((h * groups) / heads);
      const own = (name: string): Num[][] => {
        const x = inputs[name]!;
        const width = x.shape[3] ?? 1;
        return matrixAt(x, row * length * width, length, width);
      };
      const open = (): Num[][] => Array.from({ length }, () => [t.of(0)]);
      const head = {
        ...normed[group]!,
        v: own('v'),
        state: matrixAt(state, row * d * e, d, e),
        gates: inputs.gate === undefined ? open() : gatesOf(t, given, own('gate'), h),
        ...Object.fromEntries(more.map((name) => [name, own(name)])),
      } as unknown as Head;
      const answer = kernel(t, head, settings.chunkSize as number);
      output.push(...answer.output.flat());
      last.push(...answer.state.flat());
    }
    return { output, state: last };
  }, sums && { sums });

const asked = (size: number): number => size;
const constant = (size: number) => (): number => size;

/** A step size for each head, and finite gates. */
const oneStepAHead = (call: Call): boolean => call.settings.beta !== 'value' && withoutResets(call);

interface Text {
  readonly name: string;
  readonly says: string;
}

const deltaPrograms = (operator: string): readonly Foreign[] => {
  const program = (
    mode: string,
    { name, says }: Text,
    kernel: DeltaKernel,
    more: Partial<Foreign> & { sums?: Dot } = {},
  ) => {
    const { sums, ...rest } = more;
    return {
      name,
      says,
      operator,
      modes: [mode],
      run: onHeads<DeltaHead>(kernel, { more: ['beta'], ...(sums && { sums }) }),
      ...rest,
    };
  };
  return [
    program(
      'recurrent',
      { name: 'fused recurrent', says: 'decays the state, reads it, writes by multiply-add' },
      deltaByTokens(),
    ),
    program(
      'recurrent',
      { name: 'fused recurrent, powers of two', says: 'exp2 of gates; sums by halves' },
      deltaByTokens(powerOfTwo),
      { sums: pairwise },
    ),
    program(
      'chunkwise',
      { name: 'chunks of 64, WY', says: 'cumulated gates; the inverse of the triangle times values and keys' },
      deltaInChunks({ size: constant(64), writing: 'inverse', pairs: 'blocks' }),
      { admits: oneStepAHead },
    ),
    program(
      'chunkwise',
      { name: 'chunks of 16, WY, powers of two', says: 'exp2 of gates, cumulated as a tree; split-K' },
      deltaInChunks({ size: constant(16), writing: 'inverse', cumulates: 'tree', exp: powerOfTwo }),
      { admits: oneStepAHead, sums: splitK },
    ),
    program(
      'chunkwise',
      { name: 'chunks of 16, WY, gates by hand', says: 'gradients of gates as cumulative sums of q·dq + k·dk − k·dk' },
      withGateDifferences({ size: constant(16), writing: 'inverse', pairs: 'blocks' }),
      { admits: oneStepAHead },
    ),
    program(
      'chunkwise',
      { name: 'chunks, solved row by row', says: 'substitution instead of an inverse; sums from the last' },
      deltaInChunks({ size: asked, writing: 'solved', pairs: 'blocks' }),
      { admits: withoutResets, sums: reversed },
    ),
  ];
};

const rwkv7: readonly Foreign[] = [
  {
    name: 'fused recurrent',
    operator: 'rwkv7',
    modes: ['recurrent'],
    says: 'reads, decays, writes both products by multiply-add',
    run: onHeads<DplrHead>(dplrByTokens(powerOfTwo), { more: ['a', 'b'] }),
  },
  {
    name: 'chunks of 16, cumulated gates',
    operator: 'rwkv7',
    modes: ['chunkwise'],
    says: 'solves the reads of a chunk row by row',
    run: onHeads<DplrHead>(dplrInChunks({ size: constant(16) }), { more: ['a', 'b'], sums: pairwise }),
    admits: withoutResets,
  },
  {
    name: 'chunks, cumulated gates in blocks',
    operator: 'rwkv7',
    modes: ['chunkwise'],
    says: 'products of operands scaled by decays to a block',
    run: onHeads<DplrHead>(dplrInChunks({ size: asked, pairs: 'blocks', exp: powerOfTwo }), { more: ['a', 'b'] }),
    admits: withoutResets,
  },
];

const gla: readonly Foreign[] = [
  {
    name: 'fused recurrent',
    operator: 'gla',
    modes: ['recurrent'],
    says: 'decays the state by exp2, writes by multiply-add',
    run: onHeads(attendByTokens(powerOfTwo)),
  },
  {
    name: 'chunks of 64, blocks of 16',
    operator: 'gla',
    modes: ['chunkwise'],
    says: 'cumulated gates; operands scaled by decays to a block, pairs within it',
    run: onHeads(attendInChunks({ size: constant(64), pairs: 'blocks' })),
    admits: withoutResets,
  },
  {
    name: 'chunks, powers of two',
    operator: 'gla',
    modes: ['chunkwise'],
    says: 'exp2 of gates, cumulated as a tree; split-K',
    run: onHeads(attendInChunks({ size: asked, cumulates: 'tree', exp: powerOfTwo }), { sums: splitK }),
    admits: withoutResets,
  },
  {
    name: 'all pairs',
    operator: 'gla',
    modes: ['parallel'],
    says: 'gates cumulated over the sequence; sums by halves',
    run: onHeads(attendInChunks({ size: constant(1024) }), { sums: pairwise }),
    admits: withoutResets,
  },
];

/** Foreign programs of delta rules and of gated linear attention. */
export const deltaRules: readonly Foreign[] = [
  ...['deltaRule', 'gatedDeltaRule', 'kda'].flatMap(deltaPrograms),
  ...rwkv7,
  ...gla,
];
