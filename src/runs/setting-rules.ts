/** @file Checks settings that come from files: their types, ranges and names. */
import { isObject } from '../io/json.ts';
import { plain, shown } from '../io/text.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';
import { tasks } from '../training/index.ts';
import { backendNames } from './executor.ts';
import { decayScopes, recipeNames, scheduleNames } from './recipes.ts';
import { defaults, modelNames, type Settings } from './settings.ts';

/** What a setting may be: a test, and the same in words. Values of another form than the options' are made into that. */
export interface Rule {
  readonly holds: (value: unknown) => boolean;
  readonly words: string;
  readonly names?: readonly string[];
  readonly made?: (value: unknown) => unknown;
}

export const text: Rule = { holds: (x) => typeof x === 'string', words: 'a text' };
export const integer = (least: number, most = Number.MAX_SAFE_INTEGER): Rule => ({
  holds: (x) => Number.isSafeInteger(x) && (x as number) >= least && (x as number) <= most,
  words: most === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${least}` : `an integer from ${least} to ${most}`,
});
const number = (most: number): Rule => ({
  holds: (x) => typeof x === 'number' && x >= 0 && x <= most,
  words: `a number from 0 to ${most}`,
});
export const oneOf = (names: readonly string[]): Rule => ({
  holds: (x) => names.includes(x as string),
  words: `one of ${names.join(', ')}`,
  names,
});
const texts: Rule = {
  holds: (x) => isObject(x) && Object.values(x).every(text.holds),
  words: 'an object of texts by name',
};

const integers: Rule = {
  holds: (x) => isObject(x) && Object.values(x).every(integer(0).holds),
  words: 'an object of integers by name',
};

/** The largest seed of a run. */
export const largestSeed = 2 ** 31 - 1;

/** The largest probability of dropout. */
export const mostDropout = 0.99;

/** The rule of each setting. */
export const rules: Readonly<Record<keyof Settings, Rule>> = {
  text,
  task: oneOf(Object.keys(tasks)),
  set: integers,
  vocabulary: text,
  model: oneOf(modelNames),
  width: integer(1),
  layers: integer(1),
  heads: integer(1),
  denseLayers: integer(0),
  readings: texts,
  on: oneOf(backendNames),
  steps: integer(1),
  batch: integer(1),
  length: integer(1),
  accumulate: integer(1),
  dropout: number(mostDropout),
  rate: number(100),
  recipe: oneOf(recipeNames),
  schedule: oneOf(scheduleNames),
  warmup: integer(0),
  beta2: number(0.999999),
  decay: number(100),
  decayOf: oneOf(decayScopes),
  clip: number(1e9),
  seed: integer(0, largestSeed),
  every: integer(1),
  validationBatches: integer(1, 1e9),
};

/**
 * What the file `where` says, by rules, where `nameOf` has written their names. Null is right where a setting's default is null. Throws on unknown
 * names and on any other value.
 */
export function checkedBy<T>(
  known: Readonly<Record<keyof T & string, Rule>>,
  where: string,
  found: Readonly<Record<string, unknown>>,
  nameOf: (setting: string) => string = (setting) => setting,
): Partial<T> {
  const keys = new Map(Object.keys(known).map((key) => [nameOf(key), key as keyof T & string]));
  const names = [...keys.keys()];
  const usual: Readonly<Record<string, unknown>> = { ...defaults };
  const checked = Object.entries(found).map(([name, value]) => {
    const key = keys.get(name);
    if (key === undefined)
      return fail(`${where}: unknown setting '${plain(name, 60)}'; use ${names.join(', ')}${didYouMean(name, names)}`);
    const { holds, words, names: values, made } = known[key];
    if (!holds(value) && !(value === null && usual[key] === null))
      fail(`${where}: ${name} is ${shown(value)}; it is ${words}${values ? didYouMean(value, values) : ''}`);
    return [key, made ? made(value) : value] as const;
  });
  return Object.fromEntries(checked) as Partial<T>;
}

/** Settings in the file `where`. Throws on unknown names, and on values that are none. */
export const checkedSettings = (where: string, found: Readonly<Record<string, unknown>>): Partial<Settings> =>
  checkedBy<Settings>(rules, where, found);
