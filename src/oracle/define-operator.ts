/** @file Makes an operator from its declaration and fills in defaults. */
import { fail } from '../tensor/errors.ts';
import type { Value } from '../tensor/value.ts';
import { hasStates } from './axes.ts';
import { batchable, type InBatch } from './batchable.ts';
import type { Settings } from './case.ts';
import { noSuchMode } from './no-such-mode.ts';
import type { Operator } from './operator.ts';
import type { Program } from './program.ts';
import { signatureOf } from './signature.ts';
import type { BatchInputsOf } from './signature-types.ts';

/** A program on a batch, typed by its signature. */
export type BatchProgramOf<Text extends string, S extends Settings> = Program<InBatch<S>, BatchInputsOf<Text, Value>>;

type Always = 'modesAgree' | 'admits' | 'defines' | 'after' | 'laws';

/** The declaration of an operator: its fields, some of them optional, with the signature as text. */
export interface Declaration<S extends Settings, Text extends string>
  extends Omit<Operator<S, Text>, 'signature' | 'batches' | Always>,
    Partial<Pick<Operator<S, Text>, Always>> {
  readonly signature: Text;
  /** Programs that run all sequences of a batch at once, by mode. A mode without one runs each sequence alone. */
  readonly together?: Readonly<Record<string, BatchProgramOf<Text, S>>>;
}

/**
 * Makes an operator. By default its modes compute one function, every mode admits every case, the definition covers all settings,
 * and settings do not change with position. An operator with states also runs batches of sequences. With `forwardOnly` no gradients
 * are computed. Throws an Error on a signature that is none, and where no mode has the name of the `reference` (docs/own-operators.md).
 */
export function defineOperator<const Text extends string, S extends Settings>({
  signature,
  together,
  ...declaration
}: Declaration<S, Text>): Operator<S, Text> {
  const { modes, reference } = declaration;
  if (!Object.hasOwn(modes, reference)) fail(`defineOperator: the reference: ${noSuchMode(declaration, reference)}`);
  const operator: Operator<S, Text> = {
    modesAgree: () => true,
    admits: () => true,
    defines: () => true,
    after: (settings) => settings,
    laws: {},
    ...declaration,
    layouts: (size) =>
      declaration.forwardOnly === true
        ? declaration.layouts(size).map((layout) => ({ ...layout, forwardOnly: true }))
        : declaration.layouts(size),
    signature: signatureOf(signature),
  };
  return hasStates(operator as Operator)
    ? batchable(operator, together as Readonly<Record<string, Program<InBatch<S>>>>)
    : operator;
}
