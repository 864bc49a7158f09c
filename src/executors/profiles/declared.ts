/** @file Reads the profile that an implementation declares: the name of a known one, or a table of its differences from one. */
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { bf16Format, cutTf32Format, type Format, f16Format, f32Format, f64Format, tf32Format } from './format.ts';
import { type Functions, functionTables } from './functions.ts';
import { type Profile, profiles, type Site, sites } from './profile.ts';

/** The formats that a table may name. Tensor cores cut TF32 off or round it; `tf32` admits both. */
export const formats: Readonly<Record<string, Format>> = {
  f64: f64Format,
  f32: f32Format,
  tf32: cutTf32Format,
  'tf32-rounded': tf32Format,
  bf16: bf16Format,
  f16: f16Format,
};

const keys = ['base', 'functions', ...sites];

/**
 * Returns the profile that an implementation declares: a known name, or a table with the name of a `base`, and what differs from it:
 * the format of some sites, and the table of `functions`. A table that changes nothing is its base. Throws on unknown names; `where`
 * begins the message.
 * @example
 * profileFrom({ base: 'bf16', state: 'bf16' }).name // 'bf16-state'
 */
export function profileFrom(declared: unknown, where = 'profileFrom: the precision'): Profile {
  if (typeof declared === 'string') return known(declared, profiles, where);
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) {
    fail(`${where} is ${JSON.stringify(declared)}; it is a name or a table: ${names(profiles)}, or {"base": …}`);
  }
  const table = declared as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(table)) {
    if (keys.includes(key)) continue;
    fail(
      `${where} has ${JSON.stringify(key)}, which is not known; known are ${keys.join(', ')}${didYouMean(key, keys)}`,
    );
  }
  const base = known(table.base, profiles, `${where}: base`);
  const functions =
    table.functions === undefined ? base.functions : known(table.functions, functionTables, `${where}: functions`);
  const changed = sites.filter((site) => table[site] !== undefined);
  const at = {
    ...base.at,
    ...Object.fromEntries(changed.map((site) => [site, known(table[site], formats, `${where}: ${site}`)])),
  };
  return Object.values(profiles).find((one) => isSame(one, at, functions)) ?? named(table, base, at, functions);
}

const isSame = (one: Profile, at: Profile['at'], functions: Functions): boolean =>
  one.functions === functions && sites.every((site) => one.at[site] === at[site]);

/** A profile that is named after its differences. */
function named(
  table: Readonly<Record<string, unknown>>,
  base: Profile,
  at: Readonly<Record<Site, Format>>,
  functions: Functions,
): Profile {
  const changes = sites.filter((site) => at[site] !== base.at[site]).map((site) => `${site} ${table[site]}`);
  const ofFunctions = (text: string): string[] => (functions === base.functions ? [] : [text]);
  return {
    name: `${base.name} (${[...changes, ...ofFunctions(`functions ${functions.name}`)].join(', ')})`,
    says: `${base.says}, but ${[...changes, ...ofFunctions(functions.says)].join(', ')}`,
    at,
    functions,
  };
}

const names = (table: object): string => Object.keys(table).join(', ');

/** The entry of a table that a text names. Throws if there is none. */
function known<T>(name: unknown, table: Readonly<Record<string, T>>, where: string): T {
  if (typeof name === 'string' && Object.hasOwn(table, name)) return table[name]!;
  const all = Object.keys(table);
  const is = name === undefined ? 'missing' : `${JSON.stringify(name)}, which is not known`;
  return fail(`${where} is ${is}; known are ${all.join(', ')}${didYouMean(name, all)}`);
}
