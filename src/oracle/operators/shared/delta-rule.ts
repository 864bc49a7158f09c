/** @file Declares the settings, draws, modes and forms that the operators of the delta rule share. */
import * as fc from 'fast-check';
import { unitLength as unitVector } from '../../../../spec/delta-rule.ts';
import { type Matrix, scale as scaledVector } from '../../../../spec/notation.ts';
import { chunkwiseDeltaRule } from '../../../nn/delta-rule/chunkwise.ts';
import type { DeltaRule } from '../../../nn/delta-rule/inputs.ts';
import { recurrentDeltaRule } from '../../../nn/delta-rule/recurrent.ts';
import { type LengthNorm, unitLength } from '../../../nn/unit-length.ts';
import { scale } from '../../../tensor/primitives/scale.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Case } from '../../case.ts';
import { among, axis, chunkDraws, chunkSizeOf, lengths, queryScales } from '../../draw.ts';
import type { Details } from '../../layout.ts';
import type { Form, ProgramOf, Size } from '../../operator.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';

/** The scale of the queries, and the l2 norm of queries and keys with its ε. */
export type QueryKeySettings = { readonly scale: number; readonly l2norm: LengthNorm; readonly epsilon: number };

/** Settings of the delta rule. */
export type DeltaRuleSettings = QueryKeySettings & { readonly chunkSize: number };

/** Queries that are normed and then scaled, and keys that are normed. */
export const queriesAndKeys = <X extends { readonly q: Value; readonly k: Value }>(
  inputs: X,
  { l2norm, epsilon, scale: factor }: QueryKeySettings,
): X => ({
  ...inputs,
  q: scale(unitLength(inputs.q, l2norm, epsilon), factor),
  k: unitLength(inputs.k, l2norm, epsilon),
});

/** The same for the definition: queries, then keys, of one head. */
export const definedQueriesAndKeys = (
  q: Matrix,
  k: Matrix,
  { l2norm, epsilon, scale: factor }: QueryKeySettings,
): [q: Matrix, k: Matrix] => [
  q.map((row) => scaledVector(factor, unitVector(row, l2norm, epsilon))),
  k.map((row) => unitVector(row, l2norm, epsilon)),
];

/** Draws the settings and the lengths of axes that all delta rules have. */
export const deltaRuleDraws = (size: Size) => ({
  b: axis(size, 'b', 2),
  t: lengths(size),
  d: axis(size, 'd', 4),
  e: axis(size, 'e', 4),
  chunk: chunkDraws,
  scale: queryScales(size),
  // with a root, no result is exact
  l2norm: size.exact ? fc.constant<LengthNorm>('none') : among<LengthNorm>(size, 'l2norm', 'none', 'max', 'sum'),
  epsilon: among(size, 'epsilon', 1e-6, 1e-12),
  mostBeta: fc.constantFrom(1, 2),
});

/** What `deltaRuleDraws` draws. */
type Drawn = {
  readonly [Key in keyof ReturnType<typeof deltaRuleDraws>]: ReturnType<
    typeof deltaRuleDraws
  >[Key] extends fc.Arbitrary<infer T>
    ? T
    : never;
};

/** The settings of what was drawn. */
export const deltaRuleSettings = ({ chunk, scale: factorOf, l2norm, epsilon, t, d }: Drawn): DeltaRuleSettings => ({
  chunkSize: chunkSizeOf(chunk, t),
  scale: factorOf(d),
  l2norm,
  epsilon,
});

/**
 * Details of keys and step sizes. With keys of length at most 1 and β from 0 to 2, `I − β kᵀk` lets no state grow; lasting states have
 * small β.
 */
export function deltaRuleDetails(size: Size, { l2norm, d, mostBeta }: Drawn): { k: Details; beta: Details } {
  const bound = 1 / Math.sqrt(d);
  const most = size.lasting ? Math.min(mostBeta, (4 * d) / size.longest) : mostBeta;
  return {
    k: size.exact || l2norm !== 'none' ? {} : { between: [-bound, bound] },
    // dyadic numbers of one sign are 0 and 1
    beta: size.exact ? { sign: 1 } : { between: [0, most] },
  };
}

/** Whether no query or key whose length is a divisor is 0, or so near it that finite differences see the corner. */
export const hasLengths = <S extends DeltaRuleSettings>({ inputs: { q, k }, settings: { l2norm } }: Case<S>): boolean =>
  l2norm === 'none' ||
  [q!, k!].every(({ shape, data }) => {
    const d = shape.at(-1)!;
    return Array.from({ length: data.length / d }, (_, i) => Math.hypot(...data.subarray(i * d, (i + 1) * d))).every(
      (length) => length > 2 ** -10,
    );
  });

/** A program for each mode: `run` with the delta rule in that mode. */
export const deltaRuleModes = <Text extends string, S extends DeltaRuleSettings>(
  run: (rule: DeltaRule, inputs: InputsOf<Text, Value>, settings: S) => OutputsOf<Text, Value>,
): { recurrent: ProgramOf<Text, S>; chunkwise: ProgramOf<Text, S> } => ({
  recurrent: (inputs, settings) => run(recurrentDeltaRule, inputs, settings),
  chunkwise: (inputs, settings) => run(chunkwiseDeltaRule(settings.chunkSize), inputs, settings),
});

/** The taps of a delta rule: the rows β (v − k P) that are written, and the states after each token or chunk. */
export const deltaRuleTaps = {
  recurrent: { written: 'bhte', state: 'bhtde' },
  chunkwise: { written: 'bhte', state: 'bhcde' },
} as const;

/** The chunk that kernels have. */
const kernelChunk = 64;

/** The chunk that kernels have for t tokens. */
export const chunkOfKernel = (t: number): number => Math.max(1, Math.min(t, kernelChunk));

/** The form of a kernel with chunks of its own. */
export const inOwnChunks = <Text extends string, S extends DeltaRuleSettings>(
  run: (rule: DeltaRule, inputs: InputsOf<Text, Value>, settings: S) => OutputsOf<Text, Value>,
): Form<S, Text> => ({
  says: `chunks of ${kernelChunk} tokens`,
  program: (inputs, settings) =>
    run((one, state) => chunkwiseDeltaRule(chunkOfKernel(one.v.shape[2]!))(one, state), inputs, settings),
});

/** The claims of a delta rule. */
export const deltaRuleLaws = { heads: 'h', linearIn: ['v', 'state'], timeInvariant: true, exact: true } as const;
