/** @file Draws lengths, settings and optional inputs inside a backend's domain. */
import * as fc from 'fast-check';
import { lastOf, small } from '../draw.ts';
import type { Size } from '../operator.ts';
import { type Condition, type Domain, meets } from './domain.ts';

/** Usual draws are kept if at least this share of a sample meets the condition. */
const [sampled, share] = [64, 1 / 4];
/** The longest usual width. A backend that takes only longer ones is asked about its two shortest. */
const usualWidth = 128;
/** How often each of the first lengths is drawn: the shortest in half of the cases. Shrinking goes towards the first. */
const often = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3];

/** Draws by a size whose lengths are inside a domain. Axes that share a length are drawn first. */
export function drawnInside<T>(size: Size, domain: Domain, draw: (size: Size) => fc.Arbitrary<T>): fc.Arbitrary<T> {
  const { axes } = domain;
  const conditionOf = (letter: string): Condition | undefined => {
    const one = axes[letter];
    return typeof one === 'string' ? undefined : one;
  };
  // an operator asks for a letter's lengths again for each draw of shared ones
  const known = new Map<string, fc.Arbitrary<number> | undefined>();
  const inside = (letter: string, usual: fc.Arbitrary<number>): fc.Arbitrary<number> | undefined => {
    if (!known.has(letter)) {
      const wide = size.axis?.(letter, usual);
      const condition = conditionOf(letter);
      known.set(letter, condition === undefined ? wide : lengthsLike(condition, letter, size, usual, wide));
    }
    return known.get(letter);
  };
  const sizeOf = (shared: Readonly<Record<string, number>>): Size => ({
    ...size,
    among: (name, values) => allowed(domain, name, values),
    axis: (letter, usual) => {
      const one = axes[letter];
      const length = shared[typeof one === 'string' ? one : letter];
      return length === undefined ? inside(letter, usual) : fc.constant(length);
    },
  });
  const sharing = [...new Set(Object.values(axes).filter((one) => typeof one === 'string'))];
  if (sharing.length === 0) return draw(sizeOf({}));
  const drawn = sharing.map((letter) => [letter, inside(letter, small(usualMost)) ?? small(usualMost)]);
  return fc
    .record(Object.fromEntries(drawn) as Record<string, fc.Arbitrary<number>>)
    .chain((shared) => draw(sizeOf(shared)));
}

/** The values of a setting, or of whether an input is given, that a domain allows; all if it allows none. */
function allowed<T>({ inputs, settings }: Domain, name: string, values: readonly T[]): readonly T[] {
  const [condition, input] = [settings[name], inputs[name]];
  const some = values.filter((value) => {
    if (condition !== undefined) return meets(condition, value);
    return typeof input !== 'string' || value === (input === 'given');
  });
  return some.length === 0 ? values : some;
}

/** The usual most of a width that several axes share. */
const usualMost = 5;

/**
 * Draws lengths that meet a condition: as usual, if that meets it often enough; else the shortest that do. `own` are the operator's
 * draws, which alone say whether the axis may be empty. Where no length meets the condition, the draws stay usual.
 */
function lengthsLike(
  condition: Condition,
  letter: string,
  { longest, limit }: Size,
  own: fc.Arbitrary<number>,
  usual = own,
): fc.Arbitrary<number> {
  const sampleOf = (one: fc.Arbitrary<number>): number[] => fc.sample(one, { numRuns: sampled, seed: 1 });
  const some = sampleOf(usual);
  const met = some.filter((length) => length > 0 && meets(condition, length));
  if (met.length >= share * sampled) return usual.filter((length) => meets(condition, length));
  const [only] = some;
  // a planned length: the next shorter one that is inside
  const [most, end] = letter === 't' ? [longest, limit] : [usualWidth];
  const isPlanned = some.every((length) => length === only);
  const mayBeEmpty = sampleOf(own).includes(0);
  const positive = isPlanned ? lengthsThat(condition, 1, only!, end) : [];
  const lengths = positive.length > 0 ? positive : lengthsThat(condition, mayBeEmpty ? 0 : 1, most, end);
  if (lengths.length === 0) return usual;
  if (isPlanned) return lastOf(lengths);
  const first = fc.nat({ max: often.length - 1 }).map((i) => lengths[Math.min(often[i]!, lengths.length - 1)]!);
  return lengths.length <= often.at(-1)! + 1
    ? first
    : fc.oneof({ weight: 3, arbitrary: first }, fc.constantFrom(...lengths));
}

/** The lengths from `least` to `most` that meet a condition; the two shortest in any case, of which one may be longer than `limit`. */
function lengthsThat(condition: Condition, least: number, most: number, limit = 2 ** 16): number[] {
  const found: number[] = [];
  const isNeeded = (length: number): boolean => found.length === 0 || (found.length === 1 && length <= limit);
  for (let length = least; length <= most || (isNeeded(length) && length <= 2 ** 16); length++) {
    if (meets(condition, length)) found.push(length);
  }
  return found;
}
