/** @file Lists what the numbers of a wrong tensor may be, given the right ones: a multiple, another order, another tensor. */
import type { Case } from '../../../case.ts';
import type { Numbers } from '../../../compare.ts';
import type { Lengths } from '../../../signature.ts';
import { some } from '../along.ts';
import { rearrangements, type Words } from './rearranged.ts';

/** A tensor of an answer, with the right numbers and all that it may be confused with. */
export interface Confused {
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly words: Words;
  readonly answered: Float64Array;
  /** All right tensors of the answer. */
  readonly right: Numbers;
  readonly c: Case;
  readonly lengths: Lengths;
}

/** What a tensor may hold instead of the right numbers. */
export interface Altered {
  readonly says: string;
  /** More about this case. */
  readonly detail?: string;
  readonly data: Float64Array;
}

/** What a tensor holds that nothing wrote. */
export const noNumbers = 'every number is 0';

/** Yields what a tensor may hold instead of the right numbers, likely faults first. */
export function* altered(one: Confused): Generator<Altered> {
  const { tensor, right, answered, c } = one;
  const own = right[tensor]!;
  yield { says: noNumbers, data: own.map(() => 0) };
  yield* ofEmptySequences(one);
  yield* timesOwnSetting(one);
  yield* multiples(one);
  yield* rearranged(one);
  for (const [name, data] of Object.entries(right)) {
    if (name !== tensor && data.length === own.length) yield { says: `the right numbers of ${name}`, data };
  }
  const given = [
    ...Object.entries(c.inputs).map(([name, { data }]) => [`the input ${name}`, data] as const),
    ...Object.entries(c.cotangents).map(([name, { data }]) => [`the cotangent of ${name}`, data] as const),
  ];
  for (const [what, data] of given) {
    if (data.length !== own.length) continue;
    yield { says: `holds ${what}`, data };
    yield { says: `the right numbers without ${what}, which is a term of them`, data: own.map((x, i) => x - data[i]!) };
    yield { says: `the right numbers with ${what} added`, data: own.map((x, i) => x + data[i]!) };
    yield { says: `the right numbers multiplied by ${what}`, data: own.map((x, i) => x * data[i]!) };
  }
  yield { says: 'the right numbers, but 0 where they are negative', data: own.map((x) => Math.max(0, x)) };
  yield { says: 'the right numbers without their signs', data: own.map(Math.abs) };
  const added = answered[0]! - own[0]!;
  yield { says: `the right numbers plus ${brief(added)}`, data: own.map((x) => x + added) };
  yield* scaledAlong(one);
  yield* scaledVectors(one);
}

/** The right states of a batch, or their gradients, but other ones for empty sequences. */
function* ofEmptySequences({ tensor, right, shape, c }: Confused): Generator<Altered> {
  const name = tensor.slice(tensor.indexOf('/') + 1);
  const lengths = c.settings.lengths as readonly number[] | undefined;
  const isState = name in c.inputs && name in c.cotangents;
  if (!isState || lengths?.length !== shape[0] || !lengths?.includes(0)) return;
  const own = right[tensor]!;
  const size = own.length / lengths.length;
  const rows = (from: (i: number) => Float64Array): Float64Array =>
    Float64Array.from(lengths.flatMap((length, i) => [...(length === 0 ? from(i) : rowOf(i))]));
  const rowOf = (i: number): Float64Array => own.subarray(i * size, (i + 1) * size);
  yield { says: 'the right numbers, but zeros for empty sequences', data: rows(() => new Float64Array(size)) };
  yield {
    says: 'the right numbers, but those of the sequence before for empty ones',
    data: rows((i) => rowOf(Math.max(0, i - 1))),
  };
}

const brief = (x: number): string => Number(x.toPrecision(4)).toString();

/** Whether a factor is so near 1 that small errors of another kind look like it. */
const isOne = (factor: number): boolean => Math.abs(factor - 1) < 1 / 2000;

/** The right numbers times one factor: a known constant, a power of a length, or a setting. */
function* multiples({ tensor, right, answered, c, lengths }: Confused): Generator<Altered> {
  const own = right[tensor]!;
  const at = largestAt(own);
  const factor = answered[at]! / own[at]!;
  if (!Number.isFinite(factor) || factor === 0 || isOne(factor)) return;
  const times = (f: number): Float64Array => own.map((x) => x * f);
  for (const [says, known, detail] of constants(c, lengths)) {
    if (Math.abs(factor - known) > 1e-3 * Math.abs(known)) continue;
    yield { says: `the right numbers times ${says}`, data: times(known), ...(detail !== undefined && { detail }) };
  }
  yield { says: `the right numbers times ${brief(factor)}`, data: times(factor) };
}

/** The right numbers times or divided by a setting that each head has. */
function* timesOwnSetting({ tensor, right, shape, words, c }: Confused): Generator<Altered> {
  const own = right[tensor]!;
  const axis = words.findIndex((word) => word.one === 'head');
  if (axis < 0) return;
  const after = shape.slice(axis + 1).reduce((product, one) => product * one, 1);
  for (const [name, list] of Object.entries(c.settings)) {
    const isOwn = Array.isArray(list) && list.length === shape[axis] && list.every((x) => typeof x === 'number');
    if (!isOwn) continue;
    const of = (i: number): number => (list as number[])[Math.floor(i / after) % list.length]!;
    yield { says: `the right numbers times the ${name} of each head`, data: own.map((x, i) => x * of(i)) };
    yield { says: `the right numbers divided by the ${name} of each head`, data: own.map((x, i) => x / of(i)) };
  }
}

const plain: readonly (readonly [string, number])[] = [
  ['-1', -1],
  ['2', 2],
  ['1/2', 1 / 2],
  ['3', 3],
  ['4', 4],
  ['√2', Math.SQRT2],
  ['1/√2', Math.SQRT1_2],
  ['log 2', Math.LN2],
  ['1 / log 2', Math.LOG2E],
];

/** Factors that programs have once too often or not at all, with their names. */
function* constants(
  { settings }: Case,
  lengths: Lengths,
): Generator<readonly [says: string, factor: number, detail?: string]> {
  const ofLengths = Object.entries(lengths).flatMap(([letter, length]): (readonly [string, number, string])[] => {
    if (length < 2) return [];
    const where = (says: string, x: number) => [says, x, `${brief(x)} where ${letter} is ${length}`] as const;
    return [1, -1].flatMap((sign) => {
      const minus = sign < 0 ? '-' : '';
      return [
        where(`${minus}1/√${letter}`, sign * length ** -0.5),
        where(`${minus}√${letter}`, sign * length ** 0.5),
        where(`${minus}1/${letter}`, sign / length),
        where(`${minus}${letter}`, sign * length),
      ];
    });
  });
  // plain constants first: lengths are often small
  for (const [says, x] of plain) {
    const same = ofLengths.filter(([, other]) => Math.abs(other - x) < 1e-12).map(([what]) => what);
    yield same.length === 0 ? [says, x] : [says, x, `here also ${same.join(', ')}`];
  }
  yield* ofLengths;
  for (const [name, value] of Object.entries(settings)) {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.length !== 1 || typeof list[0] !== 'number') continue;
    yield [`${name}`, list[0]];
    yield [`1 / ${name}`, 1 / list[0]];
  }
}

function largestAt(numbers: Float64Array): number {
  let at = 0;
  numbers.forEach((x, i) => {
    if (Number.isFinite(x) && Math.abs(x) > Math.abs(numbers[at]!)) at = i;
  });
  return at;
}

function* rearranged({ tensor, right, shape, words }: Confused): Generator<Altered> {
  for (const { says, data } of rearrangements({ shape, data: right[tensor]! }, words)) {
    yield { says: `the right numbers ${says}`, data };
  }
}

/** The right numbers with a factor for each vector along the last axis. */
function* scaledVectors({ tensor, right, answered, shape, words }: Confused): Generator<Altered> {
  const own = right[tensor]!;
  const axis = shape.length - 1;
  const length = shape[axis] ?? 1;
  if (length < 2 || own.length === length || ['token', 'sequence', 'head'].includes(words[axis]!.one)) return;
  const data = own.slice();
  const factors: number[] = [];
  for (let start = 0; start < own.length; start += length) {
    const row = own.subarray(start, start + length);
    const at = start + largestAt(row);
    const factor = own[at] === 0 ? 1 : answered[at]! / own[at]!;
    factors.push(factor);
    for (let i = start; i < start + length; i++) data[i] = own[i]! * factor;
  }
  // vectors of zeros are seen at their places
  if (factors.every((factor) => factor === 0 || isOne(factor))) return;
  const says = `the right numbers times a factor for each vector along ${words[axis]!.many}`;
  yield { says, data };
}

/** The fewest numbers that must share a factor of their own. */
const fewest = 3;

/** The right numbers with a factor for each position along an axis. */
function* scaledAlong({ tensor, right, answered, shape, words }: Confused): Generator<Altered> {
  const own = right[tensor]!;
  for (const [axis, length] of shape.entries()) {
    if (length < 2 || own.length / length < fewest) continue;
    const after = shape.slice(axis + 1).reduce((product, one) => product * one, 1);
    const placeOf = (i: number): number => Math.floor(i / after) % length;
    const largest = Array.from({ length }, () => -1);
    own.forEach((x, i) => {
      const place = placeOf(i);
      if (largest[place]! < 0 || Math.abs(x) > Math.abs(own[largest[place]!]!)) largest[place] = i;
    });
    const factors = largest.map((i) => answered[i]! / own[i]!);
    if (!factors.every(Number.isFinite) || factors.every(isOne)) continue;
    yield {
      says: `the right numbers times a factor for each ${words[axis]!.one}`,
      detail: some(factors.flatMap((f, at) => (isOne(f) ? [] : [`${words[axis]!.one} ${at}: ${brief(f)}`]))),
      data: own.map((x, i) => x * factors[placeOf(i)]!),
    };
  }
}
