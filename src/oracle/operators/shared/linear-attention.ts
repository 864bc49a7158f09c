/** @file Declares the settings, layouts, modes and laws shared by all linear attentions. */
import * as fc from 'fast-check';
import type { LinearAttention } from '../../../nn/linear-attention/inputs.ts';
import { linearAttentionIn } from '../../../nn/linear-attention/modes.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Layout } from '../../case.ts';
import { axis, chunkDraws, chunkSizeOf, lengths } from '../../draw.ts';
import { type Details, layoutOf } from '../../layout.ts';
import type { ProgramOf, Size } from '../../operator.ts';
import type { Lengths } from '../../signature.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import { inEveryMode, type ModeName, modeOf } from './modes.ts';
import { type QueryScale, withQueryScale } from './query-scale.ts';

/** Settings of linear attention: the chunk size of chunkwise mode. */
export type LinearAttentionSettings = { readonly chunkSize: number };

/** Returns linear attention in a mode. */
export const attentionIn = (name: ModeName, chunkSize: number): LinearAttention =>
  linearAttentionIn(modeOf(name, chunkSize));

/** A program of an operator that runs linear attention, in any mode. */
export type Attending<Text extends string, S extends LinearAttentionSettings = LinearAttentionSettings> = (
  attention: LinearAttention,
  inputs: InputsOf<Text, Value>,
  settings: S,
) => OutputsOf<Text, Value>;

/** Makes a program for each mode: passes that mode of linear attention to `run`. */
export const linearAttentionModes = <Text extends string, S extends LinearAttentionSettings = LinearAttentionSettings>(
  run: Attending<Text, S>,
): Record<ModeName, ProgramOf<Text, S>> =>
  inEveryMode((name) => (inputs, settings) => run(attentionIn(name, settings.chunkSize), inputs, settings));

/** Settings of linear attention with a factor of the queries. */
export type ScaledAttentionSettings = LinearAttentionSettings & QueryScale;

/** Draws layouts of a signature with queries, keys, values and a state. */
export const linearAttentionLayouts =
  (signature: string, details: (size: Size, lengths: Lengths) => Readonly<Record<string, Details>> = () => ({})) =>
  (size: Size): fc.Arbitrary<Layout<ScaledAttentionSettings>> =>
    withQueryScale(
      size,
      fc
        .record({
          b: axis(size, 'b', 2),
          h: axis(size, 'h', 3),
          t: lengths(size),
          d: axis(size, 'd', 4),
          e: axis(size, 'e', 4),
          chunk: chunkDraws,
        })
        .map(({ chunk, ...letters }) =>
          layoutOf(signature, {
            lengths: letters,
            settings: { chunkSize: chunkSizeOf(chunk, letters.t) },
            details: details(size, letters),
          }),
        ),
    );

/** The taps of retention and linear attention: the weights of the values, and the states after each chunk or token. */
export const linearAttentionTaps = {
  parallel: { scores: 'bhts' },
  chunkwise: { state: 'bhcde' },
  recurrent: { state: 'bhtde' },
} as const;

/** The taps of state space duality, whose states are those of linear attention with their last axes exchanged. */
export const dualityTaps = {
  parallel: { scores: 'bhts' },
  chunkwise: { state: 'bhcne -> bhcen' },
  recurrent: { state: 'bhtne -> bhten' },
} as const;

/** The claims of a linear attention without a divisor. */
export const linearAttentionLaws = {
  heads: 'h',
  linearIn: ['v', 'state'],
  timeInvariant: true,
  exact: true,
} as const;
