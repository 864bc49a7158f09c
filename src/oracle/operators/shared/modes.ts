/** @file The modes of retention, attention and language models, by name. */
import type { Mode } from '../../../nn/mode.ts';

/** The names of the modes. */
export const modeNames = ['parallel', 'chunkwise', 'recurrent'] as const;

/** A mode's name. */
export type ModeName = (typeof modeNames)[number];

/** A mode by its name. */
export const modeOf = (name: ModeName, chunkSize: number): Mode =>
  name === 'chunkwise' ? { name, chunkSize } : { name };

/** What every mode has, made for each. */
export const inEveryMode = <T>(of: (name: ModeName) => T): Record<ModeName, T> => ({
  parallel: of('parallel'),
  chunkwise: of('chunkwise'),
  recurrent: of('recurrent'),
});
