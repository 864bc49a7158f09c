/** @file The shards of a command: each machine does a part of the work, and merge joins what they print. */
import { InvalidArgumentError, Option } from 'commander';
import { isObject } from '../io/json.ts';
import { packageVersion } from './paths.ts';

/** Every n-th item from the i-th, from 1. */
export interface Shard {
  readonly i: number;
  readonly n: number;
}

/** The items of a shard: all without one. */
export const shardOf = <T>(items: readonly T[], shard?: Shard): T[] =>
  items.filter((_, at) => shard === undefined || at % shard.n === shard.i - 1);

/** A shard, as 2/4. */
export function shardFrom(text: string): Shard {
  const [, i, n] = (/^([1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text) ?? []).map(Number);
  if (i === undefined || n === undefined || i > n) throw new InvalidArgumentError('It is I/N with I from 1 to N.');
  return { i, n };
}

/** The option of a command that can do a part of its work. */
export const shardOption = (what: string): Option =>
  new Option(
    '--shard <i/n>',
    `${what} every n-th, from the i-th on; merge joins what the shards print with --json`,
  ).argParser(shardFrom);

/** What the JSON of a shard says about it: which part it is, and what all shards of one run share. */
export interface ShardData extends Shard {
  /** The version of densessm. */
  readonly densessm: string;
  /** The options, as words. */
  readonly asked: readonly string[];
  /** Of a check: all rows that the backend offers of those asked for. Shards are counted in them, so they fit together only if these are equal. */
  readonly offered?: readonly string[];
}

type Value = string | number | boolean | readonly string[] | undefined;

/** Options as words of a command line. */
export const wordsOf = (options: Readonly<Record<string, Value>>): string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === undefined || value === false) return [];
    return value === true ? [flag] : [flag, ...[value].flat().map(String)];
  });

/** What the JSON of a shard has beside its result; nothing without one. */
export const shardData = (
  shard: Shard | undefined,
  more: Pick<ShardData, 'asked' | 'offered'>,
): { readonly shard?: ShardData } =>
  shard === undefined ? {} : { shard: { ...shard, densessm: packageVersion(), ...more } };

const reports = ['densessm/check', 'densessm/verify', 'densessm/equations'];

/** Whether JSON is a report of a command whose shards can be joined. */
export const isReport = (x: unknown): x is Record<string, unknown> =>
  isObject(x) && reports.includes(x.schema as string);
