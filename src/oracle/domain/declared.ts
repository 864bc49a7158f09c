/** @file Reads the domain that a backend declares. Throws on what no operator can have; `known.ts` checks names. */
import { isObject } from '../../io/json.ts';
import { quoted, shown } from '../../io/text.ts';
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { finiteNumbers, type Interval, intervalWords, isEmpty } from '../interval.ts';
import { type Condition, conditionWords, type Domain, meets, type Scalar } from './domain.ts';

/** The longest axis that is looked for. */
const longestAxis = 2 ** 16;

const parts = ['axes', 'inputs', 'settings', 'cotangents'];
const ends = ['atLeast', 'atMost', 'above', 'below'];
const conditions = [...ends, 'multipleOf', 'powerOf'];

/**
 * Returns the domain that a table declares. Throws an InputError on unknown keys, on values of the wrong kind, and on conditions that
 * nothing meets; `where` begins the message.
 * @example
 * domainFrom({ axes: { d: [16, 32] } }, 'mine').axes.d // { oneOf: [16, 32] }
 */
export function domainFrom(declared: unknown, where: string): Domain {
  const table = tableOf(declared, where, `an object with ${parts.join(', ')}`, parts);
  const entries = <T>(part: string, read: (value: unknown, where: string) => T): Record<string, T> =>
    Object.fromEntries(
      Object.entries(tableOf(table[part] ?? {}, `${where}: ${part}`, 'an object with an entry for each name')).map(
        ([name, value]) => [name, read(value, `${where}: ${part}: ${quoted(name)}`)],
      ),
    );
  return {
    axes: entries('axes', axisFrom),
    inputs: entries('inputs', numbersFrom),
    settings: entries('settings', settingFrom),
    zeroCotangents: Object.keys(entries('cotangents', zeroFrom)),
  };
}

function tableOf(
  x: unknown,
  where: string,
  what: string,
  known?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isObject(x)) fail(`${where} is ${shown(x)}; it is ${what}`);
  const odd = known === undefined ? undefined : Object.keys(x).find((key) => !known.includes(key));
  if (odd !== undefined && known !== undefined)
    fail(`${where} has ${shown(odd)}, which is not known; known are ${known.join(', ')}${didYouMean(odd, known)}`);
  return x;
}

function settingFrom(declared: unknown, where: string): Condition {
  const value = 'a number, a text, true or false';
  if (!Array.isArray(declared) || !declared.some(Array.isArray)) return conditionFrom(declared, where, isScalar, value);
  if (!declared.every((list) => Array.isArray(list) && list.every(isScalar)))
    fail(
      `${where} is the list ${shown(declared)}; where an entry is a list, each is, and each of its entries is ${value}`,
    );
  return { lists: declared as Scalar[][] };
}

const isScalar = (x: unknown): x is Scalar => ['number', 'string', 'boolean'].includes(typeof x);
const isLength = (x: unknown): x is number => Number.isInteger(x) && (x as number) >= 0 && (x as number) <= longestAxis;

function axisFrom(declared: unknown, where: string): Condition | string {
  if (typeof declared === 'string') return declared;
  const condition = conditionFrom(declared, where, isLength, `a whole number from 0 to ${longestAxis}`);
  const isPossible = Array.from({ length: longestAxis + 1 }, (_, t) => t).some((t) => meets(condition, t));
  if (!isPossible) fail(`${where} is ${conditionWords(condition)}: no length up to ${longestAxis} is; widen it`);
  return condition;
}

/** Reads a value, a list of values or an object of conditions. */
function conditionFrom(
  declared: unknown,
  where: string,
  isValue: (x: unknown) => x is Scalar,
  value: string,
): Condition {
  if (isValue(declared)) return { oneOf: [declared] };
  if (Array.isArray(declared)) {
    const odd = declared.findIndex((one) => !isValue(one));
    if (declared.length === 0 || odd >= 0)
      fail(`${where} is the list ${shown(declared)}; each entry is ${value}, and there is at least one`);
    return { oneOf: declared as Scalar[] };
  }
  const table = tableOf(
    declared,
    where,
    `${value}, a list of these, or an object with ${conditions.join(', ')}`,
    conditions,
  );
  if (Object.keys(table).length === 0) fail(`${where} is {}; give one of ${conditions.join(', ')}, or leave it out`);
  const whole = (key: 'multipleOf' | 'powerOf', least: number): Partial<Condition> => {
    const x = table[key];
    if (x === undefined) return {};
    if (!Number.isInteger(x) || (x as number) < least)
      fail(`${where} has ${key} ${shown(x)}; it is a whole number, at least ${least}`);
    return { [key]: x };
  };
  const isBounded = ends.some((end) => table[end] !== undefined);
  return {
    ...(isBounded && { within: intervalFrom(table, where) }),
    ...whole('multipleOf', 1),
    ...whole('powerOf', 2),
  };
}

/** Reads the interval of finite numbers between the ends that are given. */
function intervalFrom(table: Readonly<Record<string, unknown>>, where: string): Interval {
  for (const end of ends) {
    const x = table[end];
    if (x !== undefined && !(typeof x === 'number' && Number.isFinite(x)))
      fail(`${where} has ${end} ${shown(x)}; it is a finite number`);
  }
  for (const [one, other] of [
    ['atLeast', 'above'],
    ['atMost', 'below'],
  ] as const) {
    if (table[one] !== undefined && table[other] !== undefined)
      fail(`${where} has ${one} and ${other}; give one of them`);
  }
  const { atLeast, above, atMost, below } = table as Partial<Record<string, number>>;
  const low = atLeast ?? above ?? finiteNumbers.low;
  const high = atMost ?? below ?? finiteNumbers.high;
  const interval = { low, high, withoutLow: atLeast === undefined, withoutHigh: atMost === undefined };
  if (low > high || isEmpty(interval)) fail(`${where} is ${intervalWords(interval)}: no number is; widen it`);
  return interval;
}

function numbersFrom(declared: unknown, where: string): Domain['inputs'][string] {
  if (declared === 'given' || declared === 'absent') return declared;
  if (declared === 'finite') return finiteNumbers;
  const words = ['given', 'absent', 'finite'];
  if (typeof declared === 'string')
    fail(`${where} is ${shown(declared)}; the words are ${words.join(', ')}${didYouMean(declared, words)}`);
  if (typeof declared === 'number' && Number.isFinite(declared)) return { low: declared, high: declared };
  const what = `a number, one of the words ${words.join(', ')}, or an object with ${ends.join(', ')}`;
  const table = tableOf(declared, where, what, ends);
  if (Object.keys(table).length === 0) fail(`${where} is {}; give one of ${ends.join(', ')}, or leave it out`);
  return intervalFrom(table, where);
}

function zeroFrom(declared: unknown, where: string): 0 {
  if (declared !== 0) fail(`${where} is ${shown(declared)}; it is 0, or left out`);
  return 0;
}
