/** @file Draws cases: first the structure, with awkward shapes, then the values. */
import * as fc from 'fast-check';
import { sizeOf } from '../tensor/shape.ts';
import { longestIn } from './axes.ts';
import { type Case, fill, type Layout, type Settings, type Slot, type Values } from './case.ts';
import type { Operator, Size } from './operator.ts';

/** Sequence lengths: 1, primes, powers of two and their neighbours, at most `longest`; mostly short, and shrinking towards 1. */
export const lengths = ({ longest, exact = false }: Size): fc.Arbitrary<number> => {
  const limit = exact ? Math.min(longest, 12) : longest;
  const ugly = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17, 31, 32, 33, 61, 64, 65, 96].filter((t) => t <= limit);
  const among = (count: number): fc.Arbitrary<number> =>
    fc.integer({ min: 0, max: Math.min(count, ugly.length) - 1 }).map((i) => ugly[i]!);
  return fc.oneof({ weight: 3, arbitrary: among(6) }, among(ugly.length));
};

/** A small axis length. */
export const small = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

/** A decay of each head: RetNet's, fast ones, 0 and 1; only ½ where results must be exact. */
export const decays = (heads: number, { exact = false }: Size): fc.Arbitrary<number[]> => {
  const one = exact
    ? fc.constant(0.5)
    : fc.oneof(
        fc.constantFrom(0.5, 31 / 32, 63 / 64, 127 / 128, 0, 1),
        fc.integer({ min: 1, max: 999 }).map((n) => n / 1000),
      );
  return fc.array(one, { minLength: heads, maxLength: heads });
};

/**
 * Draws from which chunk sizes are computed. They are drawn beside the length of a sequence, not after it: shrinking one draw
 * redraws those after it, and a failure that needs both would be lost.
 */
export const chunkDraws: fc.Arbitrary<number> = fc.nat({ max: 1023 });

/** The chunk size for a sequence of t tokens: 1 … t + 1. */
export const chunkSizeOf = (draw: number, t: number): number => 1 + (draw % (t + 1));

/** Seeds of values. */
export const seeds: fc.Arbitrary<number> = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** A case without its numbers: cheap to draw, inspect and skip. */
export interface Draw<S extends Settings = Settings> {
  readonly layout: Layout<S>;
  readonly seed: number;
  readonly values: Values;
}

/** Draws of an operator: a layout, one of its own unless others are given, then the kind of numbers. */
export const draws = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  kinds: readonly Values[] = size.exact ? ['dyadic'] : (operator.values ?? ['normal', 'normal', 'sparse', 'wide']),
  layouts: fc.Arbitrary<Layout<S>> = operator.layouts(size),
): fc.Arbitrary<Draw<S>> => fc.record({ layout: layouts, seed: seeds, values: fc.constantFrom(...kinds) });

/** Whether a layout tells axes apart: in every tensor but parameters all lengths differ, so that no transposition can hide. */
export const tellsAxesApart = ({ inputs }: Layout): boolean =>
  Object.entries(inputs).every(([name, { shape }]) => name.startsWith('param') || new Set(shape).size === shape.length);

/** One layout in so many may have a single token, where nothing is carried from token to token. */
const oneTokenIn = 8;
/** The number of layouts drawn for each one that is taken. */
const drawnForOne = 32;

/**
 * A table of at most `count` layouts of an operator that a mode admits, for backends that compile for each: always the same ones, from
 * the smallest to the largest, no two alike, those that tell axes apart before others.
 */
export function fewLayouts<S extends Settings>(
  operator: Operator<S>,
  mode: string,
  size: Size,
  count: number,
): Layout<S>[] {
  const drawn = fc
    .sample(operator.layouts(size), { numRuns: drawnForOne * count, seed: 1 })
    .filter((layout) => operator.admits(layout.settings, mode));
  const unlike = [...new Map(drawn.map((layout) => [JSON.stringify(layout), layout])).values()];
  const [apart, rest] = [true, false].map((want) => unlike.filter((layout) => tellsAxesApart(layout) === want));
  const inOrder = [...apart!, ...rest!];
  const isShort = (layout: Layout): boolean => longestIn(operator, layout) === 1;
  const short = inOrder.filter(isShort).slice(0, Math.ceil(count / oneTokenIn));
  const long = inOrder.filter((layout) => !isShort(layout)).slice(0, count - short.length);
  return [...short, ...long].sort((a, b) => numbersIn(a) - numbersIn(b));
}

const numbersIn = ({ inputs }: Layout): number =>
  Object.values(inputs).reduce((total: number, { shape }: Slot) => total + sizeOf(shape), 0);

/** Cases of an operator: a draw, then the numbers themselves. */
export const cases = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  kinds?: readonly Values[],
): fc.Arbitrary<Case<S>> => draws(operator, size, kinds).map(({ layout, seed, values }) => fill(layout, seed, values));

/** `count` draws from a seed: the same ones every time. */
export const sampleDraws = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  count: number,
  seed: number,
): Draw<S>[] => fc.sample(draws(operator, size), { numRuns: count, seed });

/** `count` cases from a seed: the same ones every time. */
export const sampleCases = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  count: number,
  seed: number,
): Case<S>[] =>
  sampleDraws(operator, size, count, seed).map(({ layout, seed: of, values }) => fill(layout, of, values));

/** The same cases one by one, for callers that may need only the first. They are drawn in blocks, each twice as large. */
export function* casesInTurn<S extends Settings>(
  operator: Operator<S>,
  size: Size,
  count: number,
  seed: number,
): Generator<Case<S>> {
  for (let [from, block] = [0, 4]; from < count; from += block, block *= 2) {
    // a path of one number passes over so many draws
    const some = fc.sample(draws(operator, size), { seed, path: `${from}`, numRuns: Math.min(block, count - from) });
    for (const { layout, seed: of, values } of some) yield fill(layout, of, values);
  }
}

/** The modes of scans in any bracketing, and the modes whose bounds hold for them. */
export const anyAssociation = { scan: ['scan', 'logStep'], logStep: ['scan', 'logStep'] } as const;
