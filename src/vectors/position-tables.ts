/** @file Recomputes the position tables that torchscale and the authors' code store, by the functions that the models use. */
import { retnetDecays } from '../nn/multi-head-retention.ts';
import { decayPowers, decaySums } from '../nn/retention/decay-tables.ts';
import { normalisedDecayMatrix } from '../nn/retention/torchscale.ts';
import { retnetFrequencies, rotaryTable } from '../nn/rotary.ts';
import { once } from '../tensor/once.ts';
import type { Answer, Answers } from './case.ts';

/** Heads, and channels of a head's queries. */
export interface HeadSizes {
  readonly heads: number;
  readonly d: number;
}

/** Every number twice: both channels of a pair have the same angle. */
const inPairs = (table: ArrayLike<number>): number[] => Array.from(table).flatMap((x) => [x, x]);

/** `angle` [d] and `decay` [h], which is log γ, under a prefix. */
export function bufferAnswers(prefix: string, { heads, d }: HeadSizes): Answers['tensors'] {
  return {
    [`${prefix}angle`]: () => ({ shape: [d], data: inPairs(retnetFrequencies(d / 2)) }),
    [`${prefix}decay`]: () => ({ shape: [heads], data: retnetDecays(heads).map(Math.log) }),
  };
}

/** `inter/sin`, `inter/cos` [t, d] and `inter/mask` [h, t, t], the normalised decay matrix. */
export function parallelTables({ heads, d }: HeadSizes, t: number): Answers['tensors'] {
  const turns = (which: 'sin' | 'cos') => (): Answer => ({
    shape: [t, d],
    data: inPairs(rotaryTable(which, retnetFrequencies(d / 2), 0, t)),
  });
  return {
    'inter/sin': turns('sin'),
    'inter/cos': turns('cos'),
    'inter/mask': () => ({ shape: [heads, t, t], data: normalisedDecayMatrix(retnetDecays(heads), t) }),
  };
}

/**
 * `inter/chunk.C.…`: `inner_mask` [h, c, c] `M[i, j]/r_i` with `M[i, j] = γ^{i−j}`, `r_i = √Σ_j M[i, j]`; `value_inner_decay` [h, c, 1]
 * `M[C−1, j]/R`, `R = Σ_j M[C−1, j]`; `query_inner_decay` [h, c, 1] `γ^{i+1} R/r_i`; `cross_decay` [h, 1, 1] `γ^C`.
 */
export function chunkTables(heads: number, c: number): Answers['tensors'] {
  const decay = retnetDecays(heads);
  const powers = once(() => decayPowers(decay, c + 1));
  const sums = once(() => decaySums(decay, 0, c));
  const power = (h: number, n: number): number => powers()[h * (c + 1) + n]!;
  const total = (h: number, i: number): number => sums()[h * c + i]!;
  const perRow = (of: (h: number, i: number) => number) => (): Answer => ({
    shape: [heads, c, 1],
    data: Float64Array.from({ length: heads * c }, (_, at) => of(Math.floor(at / c), at % c)),
  });
  const name = (table: string): string => `inter/chunk.${c}.${table}`;
  return {
    [name('inner_mask')]: () => ({ shape: [heads, c, c], data: normalisedDecayMatrix(decay, c) }),
    [name('value_inner_decay')]: perRow((h, j) => power(h, c - 1 - j) / total(h, c - 1)),
    [name('query_inner_decay')]: perRow((h, i) => (power(h, i + 1) * total(h, c - 1)) / Math.sqrt(total(h, i))),
    [name('cross_decay')]: () => ({ shape: [heads, 1, 1], data: decay.map((_, h) => power(h, c)) }),
  };
}
