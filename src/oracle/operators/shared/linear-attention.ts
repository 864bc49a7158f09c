/** @file Declares the settings, layouts, modes and laws shared by all linear attentions. */
import * as fc from 'fast-check';
import { chunkwiseLinearAttention } from '../../../nn/linear-attention/chunkwise.ts';
import type { LinearAttention } from '../../../nn/linear-attention/inputs.ts';
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Layout } from '../../case.ts';
import { axis, chunkDraws, chunkSizeOf, lengths } from '../../draw.ts';
import { type Details, layoutOf } from '../../layout.ts';
import type { ProgramOf, Size } from '../../operator.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import { inEveryMode, type ModeName } from './modes.ts';

/** Settings of linear attention: the chunk size of chunkwise mode. */
export type LinearAttentionSettings = { readonly chunkSize: number };

/** Returns linear attention in a mode. */
export const attentionIn = (name: ModeName, chunkSize: number): LinearAttention =>
  ({
    parallel: () => parallelLinearAttention,
    chunkwise: () => chunkwiseLinearAttention(chunkSize),
    recurrent: () => recurrentLinearAttention,
  })[name]();

/** Makes a program for each mode: passes that mode of linear attention to `run`. */
export const linearAttentionModes = <Text extends string>(
  run: (attention: LinearAttention, inputs: InputsOf<Text, Value>) => OutputsOf<Text, Value>,
): Record<ModeName, ProgramOf<Text, LinearAttentionSettings>> =>
  inEveryMode(
    (name) =>
      (inputs, { chunkSize }) =>
        run(attentionIn(name, chunkSize), inputs),
  );

/** Draws layouts of a signature with queries, keys, values and a state. */
export const linearAttentionLayouts =
  (signature: string, details: (size: Size) => Readonly<Record<string, Details>> = () => ({})) =>
  (size: Size): fc.Arbitrary<Layout<LinearAttentionSettings>> =>
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
          details: details(size),
        }),
      );

/** The claims of a linear attention without a divisor. */
export const linearAttentionLaws = {
  heads: 'h',
  linearIn: ['v', 'state'],
  timeInvariant: true,
  exact: true,
} as const;
