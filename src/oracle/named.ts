/** @file Maps and picks records of tensors by their names. */
import type { Value } from '../tensor/value.ts';
import type { Named } from './program.ts';

/** Maps every value of a record. */
export const mapValues = (inputs: Named, f: (x: Value, name: string) => Value): Record<string, Value> =>
  Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, f(x, name)]));

/** Returns the tensors with a numbered name, in order: `under(inputs, 'source.')` is source.0, source.1, … */
export const under = <N extends object, P extends string>(inputs: N, prefix: P): N[keyof N & `${P}${number}`][] =>
  Object.keys(inputs)
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)))
    .map((name) => inputs[name as keyof N & `${P}${number}`]);

/** Keeps the entries whose names start with a prefix, and removes the prefix. */
export function stripped<T>(inputs: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  const entries: [string, T][] = [];
  for (const [name, x] of Object.entries(inputs)) {
    if (name.startsWith(prefix)) entries.push([name.slice(prefix.length), x]);
  }
  return Object.fromEntries(entries);
}
