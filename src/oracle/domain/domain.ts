/** @file Defines what part of an operator's cases a backend computes: its domain. */
import { plain } from '../../io/text.ts';
import { contains, type Interval, intervalWords } from '../interval.ts';

/** A value of a setting. */
export type Scalar = number | string | boolean;

/** What a length or a setting may be. All that is given holds at once. */
export interface Condition {
  readonly oneOf?: readonly Scalar[];
  /** What a list may be as a whole. */
  readonly lists?: readonly (readonly Scalar[])[];
  readonly within?: Interval;
  readonly multipleOf?: number;
  readonly powerOf?: number;
}

/** What a backend computes of an operator. What is not named may be anything. */
export interface Domain {
  /** The length of an axis, by the signature's letter: a condition, or another letter that has the same length. */
  readonly axes: Readonly<Record<string, Condition | string>>;
  /** The numbers of an input, by its name or pattern; or whether an optional input is given. */
  readonly inputs: Readonly<Record<string, Interval | 'given' | 'absent'>>;
  /** Settings, by their names. A condition on a list holds for each entry; `readings.gate` is an entry of an entry. */
  readonly settings: Readonly<Record<string, Condition>>;
  /** The outputs whose cotangents are zeros. */
  readonly zeroCotangents: readonly string[];
}

/** Whether a value meets a condition. A list does if each of its entries does, or if it is one of the condition's lists. */
export function meets(condition: Condition, x: unknown): boolean {
  if (condition.lists !== undefined) return condition.lists.some((list) => isSameList(list, x));
  if (Array.isArray(x)) return x.every((one) => meets(condition, one));
  const { oneOf, within, multipleOf, powerOf } = condition;
  if (oneOf !== undefined && !oneOf.some((one) => one === x)) return false;
  if (within === undefined && multipleOf === undefined && powerOf === undefined) return true;
  if (typeof x !== 'number') return false;
  return (
    (within === undefined || contains(within, x)) &&
    (multipleOf === undefined || x % multipleOf === 0) &&
    (powerOf === undefined || isPower(x, powerOf))
  );
}

const isSameList = (list: readonly Scalar[], x: unknown): boolean =>
  Array.isArray(x) && x.length === list.length && list.every((one, i) => one === x[i]);

function isPower(x: number, base: number): boolean {
  let power = 1;
  while (power < x) power *= base;
  return power === x;
}

/** A condition in words: `in {16, 32}`, `= 1`, `a multiple of 16, at least 32`. */
export function conditionWords({ oneOf, lists, within, multipleOf, powerOf }: Condition): string {
  const words = [
    ...(lists === undefined ? [] : [oneOfWords(lists.map((list) => `[${list.join(', ')}]`))]),
    ...(oneOf === undefined ? [] : [oneOfWords(oneOf)]),
    ...(multipleOf === undefined ? [] : [`a multiple of ${multipleOf}`]),
    ...(powerOf === undefined ? [] : [`a power of ${powerOf}`]),
    ...(within === undefined ? [] : [intervalWords(within)]),
  ];
  return words.join(', ');
}

/** Some values in words: `= 1`, `in {16, 32}`. */
export function oneOfWords(values: readonly Scalar[]): string {
  const words = values.map((one) => plain(String(one), 40));
  return words.length === 1 ? `= ${words[0]}` : `in {${words.join(', ')}}`;
}

/** What an axis may be, in words: `d in {16, 32}`, `e = d`. */
export const axisWords = (letter: string, condition: Condition | string): string =>
  `${letter} ${typeof condition === 'string' ? `= ${condition}` : conditionWords(condition)}`;

/** The most lengths that are listed one by one. */
const listed = 8;

/** What part of an operator was asked, in words: the lengths that were asked of the axes that a domain names, and the rest of it. */
export const askedWords = (domain: Domain, lengths: Readonly<Record<string, readonly number[]>>): string[] => [
  ...Object.entries(domain.axes).flatMap(([letter, condition]) => {
    const asked = lengths[letter] ?? [];
    if (asked.length === 0) return [];
    if (typeof condition === 'string') return [axisWords(letter, condition)];
    if (asked.length <= listed) return [`${letter} ${oneOfWords(asked)}`];
    return [`${letter} from ${asked[0]} to ${asked.at(-1)}, ${conditionWords(condition)}`];
  }),
  ...otherWords(domain),
];

/** What a domain says beside the lengths of axes, in words: `gate finite`, `chunkSize in {16, 32}`. */
export const otherWords = ({ inputs, settings, zeroCotangents }: Domain): string[] => [
  ...Object.entries(inputs).map(([name, one]) => `${name} ${typeof one === 'string' ? one : intervalWords(one)}`),
  ...Object.entries(settings).map(([name, condition]) => `${name} ${conditionWords(condition)}`),
  ...zeroCotangents.map((name) => `cotangent of ${name} = 0`),
];
