/** @file Reads the configuration of a case and checks every value, since vectors come from others. */
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';

type Config = Readonly<Record<string, unknown>>;

/** A number. Throws on anything else, NaN and infinities included. */
export function numberIn(config: Config, key: string): number {
  const x = valueIn(config, key);
  return typeof x === 'number' && Number.isFinite(x) ? x : wrong(key, x, 'a number');
}

/** An integer of at least `least`. Throws on anything else. */
export function integerIn(config: Config, key: string, least = 1): number {
  const x = valueIn(config, key);
  return Number.isSafeInteger(x) && (x as number) >= least ? (x as number) : wrong(key, x, `an integer ≥ ${least}`);
}

/** An integer of at least `least`, or null, also where it is missing. Throws on anything else. */
export function integerOrNullIn(config: Config, key: string, least = 0): number | null {
  return isAbsent(config, key) ? null : integerIn(config, key, least);
}

/** True or false. Throws on anything else. */
export function booleanIn(config: Config, key: string): boolean {
  const x = valueIn(config, key);
  return typeof x === 'boolean' ? x : wrong(key, x, 'true or false');
}

/** One of the given values; null, if it is one of them, where the key is missing. Throws on anything else. */
export function choiceIn<T extends string | number | boolean | null>(
  config: Config,
  key: string,
  choices: readonly T[],
): T {
  const x = valueIn(config, key);
  const choice = choices.find((one) => one === x || (one === null && x === undefined));
  return choice === undefined
    ? wrong(
        key,
        x,
        `one of ${choices.map((one) => JSON.stringify(one)).join(', ')}${didYouMean(x, choices.map(String))}`,
      )
    : choice;
}

/** A list of numbers. Throws on anything else. */
export function numbersIn(config: Config, key: string): readonly number[] {
  const x = valueIn(config, key);
  return Array.isArray(x) && x.every(Number.isFinite) ? (x as number[]) : wrong(key, x, 'a list of numbers');
}

/** A list of numbers, or null, also where it is missing. Throws on anything else. */
export const numbersOrNullIn = (config: Config, key: string): readonly number[] | null =>
  isAbsent(config, key) ? null : numbersIn(config, key);

/** Whether a key has no value. Sources leave out keys that do not apply, or give them null. */
const isAbsent = (config: Config, key: string): boolean => (valueIn(config, key) ?? null) === null;

function valueIn(config: Config, key: string): unknown {
  return Object.hasOwn(config, key) ? config[key] : undefined;
}

function wrong(key: string, x: unknown, expected: string): never {
  const text = x === undefined ? 'missing' : JSON.stringify(x);
  return fail(`config.${key} is ${text.length > 80 ? `${text.slice(0, 80)}…` : text}; expected ${expected}`);
}
