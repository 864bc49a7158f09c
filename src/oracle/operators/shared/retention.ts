/** @file Declares the signature, settings, layouts and programs shared by all retentions. */
import * as fc from 'fast-check';
import type { RetentionResult } from '../../../nn/retention/inputs.ts';
import { normalisedRetention, type RetentionNorm } from '../../../nn/retention/normalised.ts';
import type { Layout } from '../../case.ts';
import { axis, chunkDraws, chunkSizeOf, decays, decaysOf, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf, Size } from '../../operator.ts';
import { inEveryMode, type ModeName, modeOf } from './modes.ts';
import { type QueryScale, scaledQueries } from './query-scale.ts';

/** The signature of all retentions. */
export const retentionSignature = 'q bhtd, k bhtd, v bhte, state bhde -> output bhte, state bhde';

/** Settings of retention: γ of each head, the chunk size of chunkwise mode, the number of earlier tokens, and the factor of the queries. */
export type RetentionSettings = {
  readonly decay: readonly number[];
  readonly chunkSize: number;
  readonly position: number;
} & QueryScale;

/** A program of a retention. */
export type RetentionProgram = ProgramOf<typeof retentionSignature, RetentionSettings>;

/** Makes a program from a function that takes inputs, with scaled queries, and settings as one record. */
export const retaining =
  (run: (call: Parameters<RetentionProgram>[0] & RetentionSettings) => RetentionResult): RetentionProgram =>
  (inputs, settings) =>
    run({ ...scaledQueries(inputs, settings), ...settings });

/** Makes the modes of retention with a normalisation. */
export const retentionModes = (norm: RetentionNorm): Record<ModeName, RetentionProgram> =>
  inEveryMode((name) =>
    retaining(({ state, chunkSize, position, ...inputs }) =>
      normalisedRetention(norm, modeOf(name, chunkSize), inputs, state, { position, path: '' }),
    ),
  );

/** Draws layouts of a retention that starts at one of the given positions. */
export const retentionLayouts =
  (...positions: readonly number[]) =>
  (size: Size): fc.Arbitrary<Layout<RetentionSettings>> =>
    fc
      .record({
        b: axis(size, 'b', 3),
        h: axis(size, 'h', 3),
        t: lengths(size),
        d: axis(size, 'd', 5),
        e: axis(size, 'e', 5),
        decay: decays(3, size),
        chunk: chunkDraws,
        position: fc.constantFrom(...positions),
      })
      .map(({ decay, chunk, position, ...letters }) =>
        layoutOf(retentionSignature, {
          lengths: letters,
          settings: { decay: decaysOf(decay, letters.h), chunkSize: chunkSizeOf(chunk, letters.t), position },
        }),
      );

/** Advances the position in the settings by a number of tokens. */
export const laterPosition = <S extends { readonly position: number }>(settings: S, tokens: number): S => ({
  ...settings,
  position: settings.position + tokens,
});
