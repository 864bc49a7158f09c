/** @file Reads what a configuration file, JSON or TOML, says to a command: settings of its runs, and its own options. */
import { parse } from 'smol-toml';
import { isObject, parseJson } from '../io/json.ts';
import { readBytes } from '../io/read-file.ts';
import { plain } from '../io/text.ts';
import { fail } from '../tensor/errors.ts';
import { type Measure, measures } from './curves.ts';
import { checkedBy, integer, oneOf, type Rule, rules, text } from './setting-rules.ts';
import { modelNames, type Settings, writtenName } from './settings.ts';

/** What is asked of `train`, by options or a file. */
export interface AskedOfTrain extends Partial<Settings> {
  readonly out?: string;
  readonly equalSizeTo?: string;
}

/** What is asked of `ablate`, by options or a file. */
export interface AskedOfAblate extends Partial<Settings> {
  readonly vary?: Readonly<Record<string, readonly string[]>>;
  readonly seeds?: number;
  readonly out?: string;
  readonly of?: Measure;
  readonly svg?: string;
}

const isValue = (x: unknown): boolean => typeof x === 'number' || (typeof x === 'string' && x !== '');

/** Lists of values by name, as `--vary` has them: numbers become texts. */
const lists: Rule = {
  holds: (x) =>
    isObject(x) && Object.values(x).every((one) => Array.isArray(one) && one.length > 0 && one.every(isValue)),
  words: 'an object of lists by name, as { "dense-layers": [0, 2] }',
  made: (x) => Object.fromEntries(Object.entries(x as object).map(([name, list]) => [name, list.map(String)])),
};

/** The largest number of seeds of a grid. */
export const mostSeeds = 1000;

/** Rules of what a command takes. A shard is for one of many processes with the same file, so it is an option alone. */
export const forTrain: Readonly<Record<keyof AskedOfTrain, Rule>> = {
  ...rules,
  out: text,
  equalSizeTo: oneOf(modelNames),
};

export const forAblate: Readonly<Record<keyof AskedOfAblate, Rule>> = {
  ...rules,
  vary: lists,
  seeds: integer(1, mostSeeds),
  out: text,
  of: oneOf(Object.keys(measures)),
  svg: text,
};

function tomlOf(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    return fail(`${path}: is not TOML (${plain((error as Error).message.split('\n')[0]!, 160)}); mend it`);
  }
}

/** What a TOML or JSON file holds. Throws a sentence where it is none. */
export function parsedFile(path: string): unknown {
  const content = new TextDecoder().decode(readBytes(path));
  return path.endsWith('.toml') ? tomlOf(content, path) : parseJson(content, path);
}

/**
 * What a file says, by the options' names without the dashes before them, as in `dense-layers = 2`. Throws on an unknown name,
 * on a value of another type, and on a number that is out of range.
 */
function saidIn<T>(path: string, known: Readonly<Record<keyof T & string, Rule>>): Partial<T> {
  const parsed = parsedFile(path);
  if (!isObject(parsed)) fail(`${path}: holds no settings; write names and values, as { "steps": 500 }`);
  return checkedBy<T>(known, path, parsed, writtenName);
}

/** What a file says, where one is given, and options that override it: those that are by name, by name. */
export function askedFrom<T extends object>(
  known: Readonly<Record<keyof T & string, Rule>>,
  path: string | undefined,
  given: Partial<T>,
): Partial<T> {
  if (path === undefined) return given;
  const file = saidIn<T>(path, known);
  const joined = Object.entries(given).map(([name, value]) => {
    const before = file[name as keyof T];
    return [name, isObject(before) && isObject(value) ? { ...before, ...value } : value] as const;
  });
  return { ...file, ...Object.fromEntries(joined) } as Partial<T>;
}
