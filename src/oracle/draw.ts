/** @file Draws random cases: first shapes and settings, with unusual lengths among them, then the numbers. */
import * as fc from 'fast-check';
import { sizeOf } from '../tensor/shape.ts';
import { longestIn } from './axes.ts';
import { type Case, fill, type Layout, type Settings, type Slot, type Values } from './case.ts';
import type { Operator, Size } from './operator.ts';

/** Draws the length of an axis by its letter: as the size says, or else as usual. */
const axisLike = (size: Size, letter: string, usual: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  size.axis?.(letter, usual) ?? usual;

/**
 * Draws sequence lengths up to `longest`: 1, primes, powers of two and their neighbours. Most are short; they shrink towards 1.
 */
export const lengths = (size: Size): fc.Arbitrary<number> => {
  const { longest, exact = false } = size;
  const limit = exact ? Math.min(longest, 12) : longest;
  const ugly = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17, 31, 32, 33, 61, 64, 65, 96].filter((t) => t <= limit);
  const among = (count: number): fc.Arbitrary<number> =>
    fc.integer({ min: 0, max: Math.min(count, ugly.length) - 1 }).map((i) => ugly[i]!);
  return axisLike(size, 't', fc.oneof({ weight: 3, arbitrary: among(6) }, among(ugly.length)));
};

/** Draws a small number. */
export const small = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

/** Draws the length of the axis with this letter in the signature: from `min` to `max`, unless the size says otherwise. */
export const axis = (size: Size, letter: string, max: number, min = 1): fc.Arbitrary<number> =>
  axisLike(size, letter, small(max, min));

/** As `axis`, for lengths that do not follow each other. */
export const axisFrom = (size: Size, letter: string, ...usual: readonly number[]): fc.Arbitrary<number> =>
  axisLike(size, letter, fc.constantFrom(...usual));

/** Draws one of the values of a setting, or whether an optional input is given, unless the size allows only some. */
export const among = <T>(size: Size, name: string, ...values: readonly T[]): fc.Arbitrary<T> =>
  fc.constantFrom(...(size.among?.(name, values) ?? values));

/** Lengths to which wide and long axes shrink. */
const shorter = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513,
];

/** Draws always the same length. It shrinks to shorter ones. */
export const axisUpTo = (length: number): fc.Arbitrary<number> =>
  lastOf([...shorter.filter((one) => one < length), length]);

/** Draws always the last of some lengths. It shrinks to the ones before. */
export function lastOf(lengths: readonly number[]): fc.Arbitrary<number> {
  return new (class extends fc.Arbitrary<number> {
    override generate(): fc.Value<number> {
      return new fc.Value(lengths.at(-1)!, lengths.length - 1);
    }
    override canShrinkWithoutContext(_value: unknown): _value is number {
      return false;
    }
    /** Tries the shortest first, then longer ones in halved steps. */
    override shrink(_value: number, at: number): fc.Stream<fc.Value<number>> {
      const places: number[] = [];
      for (let step = at; step > 0; step = Math.floor(step / 2)) places.push(at - step);
      return fc.Stream.of(...places.map((i) => new fc.Value(lengths[i]!, i)));
    }
  })();
}

/**
 * Draws the length of an axis that is divided into groups. Undefined: the product of the groups and the length of each, at most `max`,
 * which is the usual length.
 */
export const dividedAxis = (size: Size, letter: string, max: number): fc.Arbitrary<number | undefined> =>
  size.axis?.(letter, small(max)) ?? fc.constant(undefined);

/** The number of groups that divides a length: the number that was drawn, unless it does not divide it. */
export const groupsIn = (length: number, drawn: number): number => {
  let [divisor, rest] = [drawn, length];
  while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  return divisor;
};

/**
 * Draws the number of groups g and of heads h, which is a multiple of it. Where a domain gives both lengths and one does not divide the
 * other, the groups are fewer.
 */
export const groupedHeads = (size: Size): fc.Arbitrary<{ readonly g: number; readonly h: number }> =>
  fc
    .record({ g: axis(size, 'g', 2), perGroup: small(3), h: dividedAxis(size, 'h', 6) })
    .map(({ g, perGroup, h = g * perGroup }) => ({ g: groupsIn(h, g), h }));

/** The interval of decays that last: from 1 − 2/t to 1 for the longest sequence, t tokens. */
export const lastingDecays = ({ longest }: Size): readonly [number, number] => [1 - 2 / Math.max(2, longest), 1];

/** A decay for each head: RetNet's values, fast decays, 0 and 1; decays near 1 if they must last; ½ if results must be exact. */
export const decays = (heads: number, size: Size): fc.Arbitrary<number[]> => {
  const [least] = lastingDecays(size);
  const one = size.exact
    ? fc.constant(0.5)
    : size.lasting
      ? fc.integer({ min: 0, max: 1000 }).map((n) => 1 - (n / 1000) * (1 - least))
      : fc.oneof(
          fc.constantFrom(0.5, 31 / 32, 63 / 64, 127 / 128, 0, 1),
          fc.integer({ min: 1, max: 999 }).map((n) => n / 1000),
        );
  return fc.array(one, { minLength: heads, maxLength: heads });
};

/** The decays of a number of heads: the drawn ones, then those of RetNet, which shrinking does not have to try. */
export const decaysOf = (drawn: readonly number[], heads: number): number[] =>
  Array.from({ length: heads }, (_, a) => drawn[a] ?? 1 - 2 ** (-5 - (a % 8)));

/** Details of inputs that are logarithms of decays: at most 0, with resets; near 0 if decays must last. */
export const gateDetails = (size: Size): Pick<Slot, 'logDecay' | 'between'> => ({
  logDecay: true,
  ...(size.lasting && { between: [-2 / size.longest, 0] }),
});

/**
 * Draws the number that `chunkSizeOf` turns into a chunk size. It does not depend on the sequence length. A dependent draw would
 * change when the length shrinks, and a failure that needs both values would be lost.
 */
export const chunkDraws: fc.Arbitrary<number> = fc.nat({ max: 1023 });

/** The largest chunk of a long sequence. Time grows with the square of chunks. */
const largestChunk = 96;

/** The chunk size for a sequence of t tokens: 1 … t + 1, or less if the sequence is long. */
export const chunkSizeOf = (draw: number, t: number): number => 1 + (draw % (Math.min(t, largestChunk) + 1));

/** Draws the factor of queries, for d key channels: d^(−1/2) as in most kernels, 1, or another; a power of two if results must be exact. */
export const queryScales = ({ exact = false }: Size): fc.Arbitrary<(d: number) => number> =>
  fc.constantFrom<(d: number) => number>(
    (d) => (exact ? 0.25 : d ** -0.5),
    () => 1,
    () => (exact ? 0.5 : 0.3),
  );

/** Draws seeds for `fill`. */
export const seeds: fc.Arbitrary<number> = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** A layout with a seed and a distribution: all that `fill` needs. It is cheap to draw, inspect and skip. */
export interface Draw<S extends Settings = Settings> {
  readonly layout: Layout<S>;
  readonly seed: number;
  readonly values: Values;
}

/** Draws a layout, a seed and a distribution. The layouts are the operator's own by default. */
export const draws = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  kinds: readonly Values[] = size.exact ? ['dyadic'] : (operator.values ?? ['normal', 'normal', 'sparse', 'wide']),
  layouts: fc.Arbitrary<Layout<S>> = operator.layouts(size),
): fc.Arbitrary<Draw<S>> => fc.record({ layout: layouts, seed: seeds, values: fc.constantFrom(...kinds) });

/** Whether all axes of each tensor differ in length, parameters excepted. A transposition then always changes a shape. */
export const tellsAxesApart = ({ inputs }: Layout): boolean =>
  Object.entries(inputs).every(([name, { shape }]) => name.startsWith('param') || new Set(shape).size === shape.length);

/** One in this many layouts may have a single token. Such a layout tests no recurrence. */
const oneTokenIn = 8;
/** The number of layouts to draw for each selected layout. */
const drawnForOne = 32;

/**
 * Selects at most `count` distinct layouts that a mode admits, for backends that compile a program per layout. The selection is
 * deterministic, prefers layouts whose axes differ in length, and is sorted by size.
 */
export function fewLayouts<S extends Settings>(
  operator: Operator<S>,
  mode: string,
  layouts: fc.Arbitrary<Layout<S>>,
  count: number,
): Layout<S>[] {
  const drawn = fc
    .sample(layouts, { numRuns: drawnForOne * count, seed: 1 })
    .filter((layout) => operator.admits(layout.settings, mode));
  const unlike = [...new Map(drawn.map((layout) => [JSON.stringify(layout), layout])).values()];
  const [apart, rest] = [true, false].map((want) => unlike.filter((layout) => tellsAxesApart(layout) === want));
  const inOrder = [...apart!, ...rest!];
  const isShort = (layout: Layout): boolean => longestIn(operator, layout) === 1;
  const short = inOrder.filter(isShort).slice(0, Math.ceil(count / oneTokenIn));
  const long = inOrder.filter((layout) => !isShort(layout)).slice(0, count - short.length);
  return [...short, ...long].sort((a, b) => numbersIn(a) - numbersIn(b));
}

/** How many numbers the inputs of a layout have. */
export const numbersIn = ({ inputs }: Layout): number =>
  Object.values(inputs).reduce((total: number, { shape }: Slot) => total + sizeOf(shape), 0);

/** Draws cases of an operator, numbers included. */
export const cases = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  kinds?: readonly Values[],
): fc.Arbitrary<Case<S>> => draws(operator, size, kinds).map(({ layout, seed, values }) => fill(layout, seed, values));

/** Returns `count` draws. Equal seeds give equal draws. */
export const sampleDraws = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  count: number,
  seed: number,
): Draw<S>[] => fc.sample(draws(operator, size), { numRuns: count, seed });

/** Returns `count` cases. Equal seeds give equal cases. */
export const sampleCases = <S extends Settings>(
  operator: Operator<S>,
  size: Size,
  count: number,
  seed: number,
): Case<S>[] =>
  sampleDraws(operator, size, count, seed).map(({ layout, seed: of, values }) => fill(layout, of, values));

/** Yields the cases of `sampleCases` lazily, for callers that may need only the first. Blocks of draws double in size. */
export function* casesInTurn<S extends Settings>(
  operator: Operator<S>,
  size: Size,
  count: number,
  seed: number,
): Generator<Case<S>> {
  for (let [from, block] = [0, 4]; from < count; from += block, block *= 2) {
    // in fast-check, the path `n` skips the first n draws
    const some = fc.sample(draws(operator, size), { seed, path: `${from}`, numRuns: Math.min(block, count - from) });
    for (const { layout, seed: of, values } of some) yield fill(layout, of, values);
  }
}

/** Draws from a generator when a reader needs the next item, and keeps the items for other readers. */
export function remembered<T>(source: Iterator<T>): Iterable<T> {
  const items: T[] = [];
  return {
    *[Symbol.iterator]() {
      for (let at = 0; ; at++) {
        if (at === items.length) {
          const next = source.next();
          if (next.done) return;
          items.push(next.value);
        }
        yield items[at]!;
      }
    },
  };
}

/** `boundsOf` of operators with scans: a scan in any bracketing may differ by the bounds of both modes together. */
export const anyAssociation = { scan: ['scan', 'logStep'], logStep: ['scan', 'logStep'] } as const;
