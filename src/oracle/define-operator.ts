/** @file Makes an operator from its declaration, with defaults for what most operators share. */
import type { Value } from '../tensor/value.ts';
import { hasStates } from './axes.ts';
import { batchable, type InBatch } from './batchable.ts';
import type { Settings } from './case.ts';
import type { Operator } from './operator.ts';
import type { Program } from './program.ts';
import { signatureOf } from './signature.ts';
import type { BatchInputsOf } from './signature-types.ts';

/** A program of a signature on a batch. */
export type BatchProgramOf<Text extends string, S extends Settings> = Program<InBatch<S>, BatchInputsOf<Text, Value>>;

type Always = 'modesAgree' | 'admits' | 'defines' | 'after' | 'laws';

/** An operator as its folder declares it. */
export interface Declaration<S extends Settings, Text extends string>
  extends Omit<Operator<S, Text>, 'signature' | 'batches' | Always>,
    Partial<Pick<Operator<S, Text>, Always>> {
  readonly signature: Text;
  /** Modes that run all sequences of a batch at once; the others run each alone. */
  readonly together?: Readonly<Record<string, BatchProgramOf<Text, S>>>;
}

/**
 * An operator. Unless its declaration says otherwise, its modes are one function, each computes every case, the definition speaks of all, and
 * settings are the same for later tokens. One with states also runs batches of sequences.
 */
export function defineOperator<const Text extends string, S extends Settings>({
  signature,
  together,
  ...declaration
}: Declaration<S, Text>): Operator<S, Text> {
  const operator: Operator<S, Text> = {
    modesAgree: () => true,
    admits: () => true,
    defines: () => true,
    after: (settings) => settings,
    laws: {},
    ...declaration,
    signature: signatureOf(signature),
  };
  return hasStates(operator as Operator)
    ? batchable(operator, together as Readonly<Record<string, Program<InBatch<S>>>>)
    : operator;
}
