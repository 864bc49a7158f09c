/** @file Names the modes of retention, attention and language models. */
import type { Mode } from '../../../nn/mode.ts';

/** The names of the modes. */
export const modeNames = ['parallel', 'chunkwise', 'recurrent'] as const;

/** A mode's name. */
export type ModeName = (typeof modeNames)[number];

/** Returns a mode by its name. */
export const modeOf = (name: ModeName, chunkSize: number): Mode =>
  name === 'chunkwise' ? { name, chunkSize } : { name };

/** Makes a record with an entry for each of some modes, in their order. */
export const inModes = <T>(names: readonly ModeName[] = modeNames, of: (name: ModeName) => T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, of(name)]));

/** Makes a record with an entry for each mode. */
export const inEveryMode = <T>(of: (name: ModeName) => T): Record<ModeName, T> => ({
  parallel: of('parallel'),
  chunkwise: of('chunkwise'),
  recurrent: of('recurrent'),
});
