/** @file Modes: the orders in which a sequence is computed, and the choice among what computes each. */
import { told } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';

/** The order in which a sequence is computed. */
export type Mode =
  | { readonly name: 'parallel' }
  | { readonly name: 'recurrent' }
  | { readonly name: 'chunkwise'; readonly chunkSize: number };

/** Where a call stands in its sequence: how many tokens came before it; and the prefix of its sites' names. */
export interface Place {
  readonly position: number;
  readonly path: string;
}

/** Throws unless `mode` is a record that names one of some modes: those of {@link Mode} unless given. */
export function checkMode(
  call: string,
  mode: { readonly name: string },
  names: readonly string[] = ['parallel', 'chunkwise', 'recurrent'],
): void {
  const given: unknown = mode;
  if (typeof given !== 'object' || given === null) {
    const known = names.find((name) => name === given && name !== 'chunkwise') ?? 'recurrent';
    fail(`${call}: the mode is ${told(given)}; it is a record, as in { name: '${known}' }`);
  }
  if (names.includes(mode.name)) return;
  fail(`${call}: unknown mode ${told(mode.name)}; use ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);
}

/** What computes each of some modes; chunkwise mode's is made for the chunk size. */
type Forms<N extends string, T> = Readonly<Record<Exclude<N, 'chunkwise'>, T>> & {
  readonly chunkwise: (chunkSize: number) => T;
};

/**
 * Chooses what computes a mode from `forms`, which names every mode that `call` has. Throws on any other mode.
 * @example
 * const forms = { parallel: 'all at once', chunkwise: (size) => `${size} at a time`, recurrent: 'one by one' };
 * byMode('mine', { name: 'chunkwise', chunkSize: 4 }, forms) // '4 at a time'
 */
export function byMode<N extends string, T>(call: string, mode: { readonly name: N }, forms: Forms<N, T>): T {
  checkMode(call, mode, Object.keys(forms));
  const { name, chunkSize } = mode as {
    readonly name: Exclude<N, 'chunkwise'> | 'chunkwise';
    readonly chunkSize: number;
  };
  return name === 'chunkwise' ? forms.chunkwise(chunkSize) : forms[name];
}
