/** @file Refuses settings for which the project has no formula, and sizes that make no model. */
import { fail } from '../tensor/errors.ts';
import { choiceIn, integerIn } from './config.ts';

type Config = Readonly<Record<string, unknown>>;
type Choice = string | number | boolean | null;

/** Throws when a setting has none of the values that are honoured. One that is left out is not in use. */
export function honouredIn(config: Config, honoured: Readonly<Record<string, readonly Choice[]>>): void {
  for (const [key, choices] of Object.entries(honoured)) if (Object.hasOwn(config, key)) choiceIn(config, key, choices);
}

/** A head's share of a width in the config. Throws unless it is a multiple of `pairs`: 2 where rotation pairs channels. */
export function channelsPerHead(config: Config, key: string, heads: number, pairs: 1 | 2 = 1): number {
  const width = integerIn(config, key);
  if (width % (pairs * heads) === 0) return width / heads;
  const reason = pairs === 2 ? ', as rotation pairs channels' : '';
  return fail(`config.${key} is ${width} with ${heads} heads; it must be a multiple of ${pairs * heads}${reason}`);
}
