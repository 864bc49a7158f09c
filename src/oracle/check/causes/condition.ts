/** @file Finds what failing cases have in common and right ones have not: lengths, settings, layouts in memory. */
import type { Condition, JudgedCase } from '../failure-data.ts';

/** A statement about a case. */
interface Statement {
  readonly says: string;
  readonly holds: (one: JudgedCase) => boolean;
}

/** Fewer failing, or right, cases have too much in common. */
const fewest = 3;
/** A condition tells something if at most this share of the right cases have it. */
const mostRight = 1 / 2;
/** The most statements in one condition. */
const mostStatements = 2;
/** The blocks of kernels: lengths may be no multiples of these. */
const blocks = [2, 4, 8, 16, 32, 64, 128];

/** The lengths and the numbers among the settings. */
const numbersIn = ({ lengths, settings }: JudgedCase): Record<string, number> => ({
  ...lengths,
  ...Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  ),
});

/** The settings that are words or yes and no, and how tensors are held. */
const wordsIn = ({ settings, memory, values }: JudgedCase): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => typeof value === 'string' || typeof value === 'boolean')
      .map(([name, value]) => [name, `${value}`]),
  ),
  memory,
  numbers: values,
});

/** The values of a feature in all cases; null if one lacks it. */
function everyOf<T>(cases: readonly JudgedCase[], of: (one: JudgedCase) => T | undefined): T[] | null {
  const all = cases.map(of);
  return all.every((one) => one !== undefined) ? (all as T[]) : null;
}

/** Statements about one number of a case. */
function ofNumber(name: string, values: readonly number[]): Statement[] {
  const about = (says: string, holds: (x: number) => boolean): Statement => ({
    says,
    holds: (one) => {
      const x = numbersIn(one)[name];
      return x !== undefined && holds(x);
    },
  });
  // there may be more than a call takes arguments
  const [least, most] = values.reduce(
    ([low, high], x) => [Math.min(low, x), Math.max(high, x)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ) as [number, number];
  const integers = values.every(Number.isInteger);
  return [
    ...(least === most ? [about(`${name} = ${least}`, (x) => x === least)] : []),
    about(`${name} ≥ ${least}`, (x) => x >= least),
    about(`${name} ≤ ${most}`, (x) => x <= most),
    ...(integers
      ? blocks.flatMap((block) => [
          about(`${name} no multiple of ${block}`, (x) => x % block !== 0),
          about(`${name} a multiple of ${block}`, (x) => x % block === 0),
        ])
      : []),
  ];
}

/** Statements about two numbers of a case. */
function ofPair(a: string, b: string): Statement[] {
  const about = (says: string, holds: (x: number, y: number) => boolean): Statement => ({
    says,
    holds: (one) => {
      const { [a]: x, [b]: y } = numbersIn(one);
      return x !== undefined && y !== undefined && holds(x, y);
    },
  });
  return [
    about(`${a} > ${b}`, (x, y) => x > y),
    about(`${a} no multiple of ${b}`, (x, y) => y > 0 && x % y !== 0),
    about(`${a} a multiple of ${b}`, (x, y) => y > 0 && x % y === 0),
  ];
}

/** The statements that hold for all failing cases, simple ones first. */
function common(failing: readonly JudgedCase[]): Statement[] {
  const [first] = failing;
  if (first === undefined) return [];
  const numbers = Object.keys(numbersIn(first));
  const words = Object.keys(wordsIn(first));
  const inputs = new Set(failing.flatMap(({ zeros }) => zeros));
  return [
    ...words.flatMap((name): Statement[] => {
      const value = wordsIn(first)[name]!;
      return [{ says: `${name} ${value}`, holds: (one) => wordsIn(one)[name] === value }];
    }),
    ...[...inputs].map((name): Statement => ({ says: `${name} zeros`, holds: ({ zeros }) => zeros.includes(name) })),
    ...numbers.flatMap((name) => {
      const values = everyOf(failing, (one) => numbersIn(one)[name]);
      return values === null ? [] : ofNumber(name, values);
    }),
    ...numbers.flatMap((a) => numbers.filter((b) => a !== b).flatMap((b) => ofPair(a, b))),
  ].filter(({ holds }) => failing.every(holds));
}

/** Statements that some input is not zeros, for inputs that are zeros in some right case and in no failing one. */
const nonzero = (failing: readonly JudgedCase[], right: readonly JudgedCase[]): Statement[] =>
  [...new Set(right.flatMap(({ zeros }) => zeros))]
    .filter((name) => failing.every(({ zeros }) => !zeros.includes(name)))
    .map((name) => ({ says: `${name} not zeros`, holds: ({ zeros }) => !zeros.includes(name) }));

/**
 * Finds what all failing cases have in common, and as few right ones as possible: at most two statements. Null if that tells nothing, or
 * if there are too few cases.
 */
export function conditionOf(failing: readonly JudgedCase[], right: readonly JudgedCase[]): Condition | null {
  if (failing.length < fewest || right.length < fewest) return null;
  const statements = [...nonzero(failing, right), ...common(failing)];
  let left = right;
  const chosen: Statement[] = [];
  while (chosen.length < mostStatements && left.length > 0) {
    let [best, its] = [null as Statement | null, left];
    for (const one of statements) {
      const own = left.filter(one.holds);
      // a second statement must leave out more than chance would
      if (own.length < its.length && (chosen.length === 0 || own.length <= left.length / 2)) [best, its] = [one, own];
    }
    if (best === null) break;
    chosen.push(best);
    left = its;
  }
  if (chosen.length === 0 || left.length > mostRight * right.length) return null;
  return { says: chosen.map(({ says }) => says).join(' and '), right: left.length, of: right.length };
}
