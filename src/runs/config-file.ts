/** @file Reads settings from a configuration file, JSON or TOML. */
import { parse } from 'smol-toml';
import { isObject, parseJson } from '../io/json.ts';
import { readBytes } from '../io/read-file.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';
import { checkedSetting } from './setting-rules.ts';
import { defaults, type Settings } from './settings.ts';

function tomlOf(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    return fail(`${path}: is not TOML (${(error as Error).message.split('\n')[0]}); mend it`);
  }
}

/**
 * The settings in a file, by their options' names without dashes, as in `dense-layers = 2`. Throws on an unknown name, on a value of
 * another type, and on a number that is out of range.
 */
export function settingsIn(path: string): Partial<Settings> {
  const text = new TextDecoder().decode(readBytes(path));
  const parsed = path.endsWith('.toml') ? tomlOf(text, path) : parseJson(text, path);
  if (!isObject(parsed)) fail(`${path}: holds no settings; write names and values, as { "steps": 500 }`);
  const names = Object.keys(defaults);
  return Object.fromEntries(
    Object.entries(parsed).map(([written, value]) => {
      const name = written.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      if (!names.includes(name))
        fail(`${path}: unknown setting '${written}'; use ${names.join(', ')}${didYouMean(name, names)}`);
      return [name, checkedSetting(path, name as keyof Settings, value)];
    }),
  );
}
