/** @file Modes, that is, algorithms for a sequence, and the selection of a function by mode. */
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';

/** Order in which a sequence is computed: all tokens at once, in chunks, or token by token. */
export type Mode =
  | { readonly name: 'parallel' }
  | { readonly name: 'recurrent' }
  | { readonly name: 'chunkwise'; readonly chunkSize: number };

/** Place of a call: the number of preceding tokens in the sequence, and the prefix of its sites' names. */
export interface Place {
  readonly position: number;
  readonly path: string;
}

/** Throws unless `mode` is a record with a known name. The names are those of {@link Mode} unless given. */
export function checkMode(
  call: string,
  mode: { readonly name: string },
  names: readonly string[] = ['parallel', 'chunkwise', 'recurrent'],
): void {
  const given: unknown = mode;
  if (typeof given !== 'object' || given === null) {
    const known = names.find((name) => name === given && name !== 'chunkwise') ?? 'recurrent';
    fail(`${call}: the mode is ${described(given)}; it is a record, as in { name: '${known}' }`);
  }
  if (names.includes(mode.name)) return;
  const known = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  fail(`${call}: unknown mode ${described(mode.name)}; use ${known}${didYouMean(mode.name, names)}`);
}

/** One implementation for each mode. The chunkwise one is a function of the chunk size. */
type Forms<N extends string, T> = Readonly<Record<Exclude<N, 'chunkwise'>, T>> & {
  readonly chunkwise: (chunkSize: number) => T;
};

/**
 * Selects the implementation of a mode from `forms`, which has every mode of `call`. Throws on any other mode.
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
