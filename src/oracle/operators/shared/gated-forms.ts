/** @file Lists the forms of linear attentions with gates: other formulas for products of decays, and for the gradients of gates. */
import { given } from '../../../../spec/notation.ts';
import { attendInChunks } from '../../../nn/linear-attention/chunkwise.ts';
import type { LinearAttention } from '../../../nn/linear-attention/inputs.ts';
import { attendAtOnce, type DecayFormula, type Left } from '../../../nn/linear-attention/parallel.ts';
import type { Value } from '../../../tensor/value.ts';
import { byCumulatedLogarithms, byQuotientsOfExponentials } from '../../forms/cumulated-logarithms.ts';
import { totalsLessSums, withGateDifferences } from '../../forms/gate-gradients.ts';
import { bySegmentSums } from '../../forms/segment-sums.ts';
import type { Form } from '../../operator.ts';
import { type Attending, attentionIn, type LinearAttentionSettings } from './linear-attention.ts';
import { inEveryMode, type ModeName } from './modes.ts';

/** The formula with these products of decays, from the gates. */
export const byGates = (left: (logs: Value, axis: number) => Left): DecayFormula => ({
  of: ({ gate }) => given(gate, 'a gate'),
  neutral: 0,
  left: (gates) => left(gates, 2),
});
const [cumulated, segments, quotients] = [
  byGates(byCumulatedLogarithms),
  byGates(bySegmentSums),
  byGates(byQuotientsOfExponentials),
];

/** Linear attention over all tokens at once by cumulated gates, with the tape's gradient of gates. */
export const cumulatedAtOnce: LinearAttention = attendAtOnce('cumulatedGates', cumulated);

/** A form as linear attention in a mode. */
interface AttentionForm extends Omit<Form, 'program'> {
  readonly attention: (chunkSize: number) => LinearAttention;
}

/** What a difference of cumulated gates loses. */
const losesDigits = 'after a gate of −∞ (∞ − ∞), and where gates are so large that their rounding outweighs the others';

/** What totals less sums lose. */
const losesBesideOthers = 'in the gradient of a gate that is small beside the terms of other tokens, later or earlier';

/** The forms of a mode. A kernel asked for any mode may compute in chunks of its own, so cumulated gates run over the whole sequence. */
const attentionForms = (name: ModeName): Readonly<Record<string, AttentionForm>> => ({
  segmentSums: {
    says: 'exponentials of the sum of gates of each segment',
    attention: (chunkSize) =>
      name === 'chunkwise' ? attendInChunks('segmentSums', segments)(chunkSize) : attendAtOnce('segmentSums', segments),
  },
  gateDifferences: {
    says: 'products of decays; the gradient of gates as a reversed cumulative sum of q·dq − k·dk',
    loses: 'in the gradient of a gate that is small beside the terms of later tokens, as that of a reset, which is 0',
    attention: (chunkSize) => withGateDifferences(attentionIn(name, chunkSize)),
  },
  ...(name === 'chunkwise' && {
    gatesCumulatedInChunks: {
      says: 'exponentials of differences of gates, cumulated within each chunk',
      loses: losesDigits,
      attention: (chunkSize) => withGateDifferences(attendInChunks('gatesCumulatedInChunks', cumulated)(chunkSize)),
    },
  }),
  cumulatedGates: {
    ofPairs: true,
    says: 'exponentials of differences of gates, cumulated over the sequence',
    loses: losesDigits,
    attention: () => withGateDifferences(cumulatedAtOnce),
  },
  ...(name === 'chunkwise' && {
    gateTotalsInChunks: {
      says: 'exponentials of differences of gates, cumulated within each chunk; the gradient of gates as the total of q·dq − k·dk less its cumulative sum',
      loses: losesBesideOthers,
      attention: (chunkSize) =>
        withGateDifferences(attendInChunks('gateTotalsInChunks', cumulated)(chunkSize), totalsLessSums),
    },
  }),
  ...(name !== 'recurrent' && {
    gateTotals: {
      ofPairs: true,
      says: 'exponentials of differences of gates, cumulated over the sequence; the gradient of gates as the total of q·dq − k·dk less its cumulative sum',
      loses: losesBesideOthers,
      attention: () => withGateDifferences(cumulatedAtOnce, totalsLessSums),
    },
  }),
});

/** What quotients of exponentials lose. */
const losesQuotients = 'where exponentials of cumulated gates underflow or overflow, as after a gate of −∞';

/** The forms of a mode with a gate for each key channel: queries and keys may be scaled apart, which makes the weights one matrix product. */
const channelForms = (name: ModeName): Readonly<Record<string, AttentionForm>> => ({
  ...attentionForms(name),
  ...(name === 'chunkwise' && {
    scaledInChunks: {
      says: 'queries times exponentials of gates, cumulated within each chunk, and keys divided by them',
      loses: losesQuotients,
      isFaultThere: true,
      attention: (chunkSize) => withGateDifferences(attendInChunks('scaledInChunks', quotients)(chunkSize)),
    },
  }),
  scaled: {
    ofPairs: true,
    says: 'queries times exponentials of gates, cumulated over the sequence, and keys divided by them',
    loses: losesQuotients,
    isFaultThere: true,
    attention: () => withGateDifferences(attendAtOnce('scaled', quotients)),
  },
});

/** The forms of each mode, for an operator that runs linear attention with gates of heads, or of key channels. */
export const gatedForms = <Text extends string, S extends LinearAttentionSettings = LinearAttentionSettings>(
  run: Attending<Text, S>,
  of: 'heads' | 'channels' = 'heads',
): {
  says: Readonly<Record<ModeName, string>>;
  forms: Readonly<Record<ModeName, Readonly<Record<string, Form<S, Text>>>>>;
} => ({
  says: inEveryMode(() => 'products of decays'),
  forms: inEveryMode((name) =>
    Object.fromEntries(
      Object.entries((of === 'heads' ? attentionForms : channelForms)(name)).map(([form, { attention, ...text }]) => [
        form,
        { ...text, program: (inputs, settings) => run(attention(settings.chunkSize), inputs, settings) },
      ]),
    ),
  ),
});
