/** @file Lists the forms of retentions: other formulas for the powers of γ. */
import { attendAtOnce } from '../../../nn/linear-attention/parallel.ts';
import { overChunks, retainInChunks } from '../../../nn/retention/chunkwise.ts';
import type { PowerTable } from '../../../nn/retention/decay-tables.ts';
import type { Retention } from '../../../nn/retention/inputs.ts';
import { retainAtOnce } from '../../../nn/retention/parallel.ts';
import { withConstantGates } from '../../forms/constant-gates.ts';
import { byLogarithmsCumulatedOnce } from '../../forms/cumulated-logarithms.ts';
import { binaryPowers, naturalPowers } from '../../forms/exponential-powers.ts';
import { byMultipliedLogarithms } from '../../forms/multiplied-logarithms.ts';
import type { Form, ProgramOf } from '../../operator.ts';
import { byGates } from './gated-forms.ts';
import { attentionIn } from './linear-attention.ts';
import { inEveryMode, type ModeName } from './modes.ts';

/** A form as retention in a mode. */
interface RetentionForm extends Omit<Form, 'program'> {
  readonly retention: (chunkSize: number) => Retention;
}

/** What a formula loses that multiplies the logarithm of γ. */
const losesZero = 'where γ is 0, whose logarithm is −∞';

const byPowers =
  (name: ModeName, powers: PowerTable): RetentionForm['retention'] =>
  (chunkSize) =>
    name === 'chunkwise' ? retainInChunks('retention', powers)(chunkSize) : retainAtOnce('retention', powers);

const multiplied: Retention = withConstantGates(attendAtOnce('multipliedGates', byGates(byMultipliedLogarithms)));

// the gates of all tokens are equal, so that no kernel has a reason to sum them twice
const cumulated: Retention = withConstantGates(attendAtOnce('cumulatedGates', byGates(byLogarithmsCumulatedOnce)));

const formsOf = (name: ModeName): Readonly<Record<string, RetentionForm>> => ({
  exponentials: { says: 'exp(n log γ)', loses: losesZero, retention: byPowers(name, naturalPowers) },
  binaryExponentials: { says: 'exp2(n log₂ γ)', loses: losesZero, retention: byPowers(name, binaryPowers) },
  gateProducts: {
    says: 'products of exp(log γ), one factor per token',
    retention: (chunkSize) => withConstantGates(attentionIn(name, chunkSize)),
  },
  ...(name === 'chunkwise' && {
    multipliedInChunks: {
      says: 'exponentials of differences of multiples of log γ within each chunk, also from a token to itself',
      loses: losesZero,
      retention:
        (chunkSize: number): Retention =>
        (inputs, state) =>
          overChunks(chunkSize, multiplied, inputs, state),
    },
  }),
  multipliedGates: {
    ofPairs: true,
    says: 'exponentials of differences of multiples of log γ, also from a token to itself',
    loses: losesZero,
    retention: () => multiplied,
  },
  cumulatedGates: {
    ofPairs: true,
    says: 'exponentials of differences of log γ, cumulated over the sequence',
    loses: losesZero,
    retention: () => cumulated,
  },
});

/** The forms of each mode, for an operator that runs retention. `programOf` makes its program from a retention. */
export const retentionForms = <Text extends string, S extends { readonly chunkSize: number }>(
  programOf: (retention: Retention) => ProgramOf<Text, S>,
): {
  says: Readonly<Record<ModeName, string>>;
  forms: Readonly<Record<ModeName, Readonly<Record<string, Form<S, Text>>>>>;
} => ({
  says: {
    parallel: 'tables of powers of γ',
    chunkwise: 'tables of powers of γ, and products of them',
    recurrent: 'products of γ',
  },
  forms: inEveryMode((name) =>
    Object.fromEntries(
      Object.entries(formsOf(name)).map(([form, { retention, ...text }]) => [
        form,
        { ...text, program: (inputs, settings) => programOf(retention(settings.chunkSize))(inputs, settings) },
      ]),
    ),
  ),
});
