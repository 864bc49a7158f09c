/** @file Reads settings from a configuration file, JSON or TOML. */
import { parse } from 'smol-toml';
import { isObject, parseJson } from '../io/json.ts';
import { readBytes } from '../io/read-file.ts';
import { fail } from '../tensor/errors.ts';
import { checkedSettings } from './setting-rules.ts';
import { type Settings, writtenName } from './settings.ts';

function tomlOf(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    return fail(`${path}: is not TOML (${(error as Error).message.split('\n')[0]}); mend it`);
  }
}

/**
 * The settings in a file, by their options' names without the dashes before them, as in `dense-layers = 2`. Throws on an unknown name,
 * on a value of another type, and on a number that is out of range.
 */
export function settingsIn(path: string): Partial<Settings> {
  const text = new TextDecoder().decode(readBytes(path));
  const parsed = path.endsWith('.toml') ? tomlOf(text, path) : parseJson(text, path);
  if (!isObject(parsed)) fail(`${path}: holds no settings; write names and values, as { "steps": 500 }`);
  return checkedSettings(path, parsed, writtenName);
}

/** Settings of a file, where one is given, and options that override them: settings of a task and readings by name. */
export function askedFrom(path: string | undefined, given: Partial<Settings>): Partial<Settings> {
  if (path === undefined) return given;
  const file = settingsIn(path);
  return {
    ...file,
    ...given,
    ...(file.set && given.set && { set: { ...file.set, ...given.set } }),
    ...(file.readings && given.readings && { readings: { ...file.readings, ...given.readings } }),
  };
}
