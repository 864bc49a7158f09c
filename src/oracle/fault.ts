/** @file Faults: wrong programs, modelled on real bugs, and the laws that must reject them. */
import { fail } from '../tensor/errors.ts';
import type { Value } from '../tensor/value.ts';
import { longestIn } from './axes.ts';
import type { Settings } from './case.ts';
import { noSuchMode } from './no-such-mode.ts';
import type { Operator } from './operator.ts';
import type { Named, Program } from './program.ts';
import type { InputsOf, OutputsOf } from './signature-types.ts';

/** The description of a fault, without its operator. */
export interface Description {
  readonly name: string;
  /** A short description of the error. */
  readonly says: string;
  readonly mode: string;
  /** The laws that must reject it. */
  readonly rejectedBy: readonly string[];
  /** Whether it would be right without rounding and overflow, so that the law `elements` accepts it. */
  readonly onlyRounds?: true;
}

/** A wrong program of an operator in one mode. */
export interface Fault<S extends Settings = Settings> extends Description {
  readonly operator: Operator<S>;
  readonly program: Program<S>;
}

/** A fault without its operator. `program` receives the right program of the mode as `run`. */
export interface Wrong<S extends Settings, Text extends string = string> extends Description {
  program(inputs: InputsOf<Text, Value>, settings: S, run: Program<S>): Named | OutputsOf<Text, Value>;
}

/** Makes an operator's faults from their descriptions. Throws an InputError where the operator lacks the mode of one. */
export const faultsOf = <S extends Settings, Text extends string>(
  operator: Operator<S, Text>,
  wrong: readonly Wrong<S, Text>[],
): Fault[] =>
  wrong.map(({ program, ...description }) => {
    const { name, mode } = description;
    const run = Object.hasOwn(operator.modes, mode) ? (operator.modes[mode] as Program<S>) : undefined;
    if (run === undefined) fail(`faultsOf: ${name}: ${noSuchMode(operator, mode)}`);
    const wrongly: Program<S> = (inputs, settings) => program(inputs as InputsOf<Text, Value>, settings, run) as Named;
    return { ...description, operator: operator as Operator, program: wrongly } as Fault;
  });

/** As `faultsOf`, for wrong programs that cannot run an empty sequence: on one, the right program runs instead. */
export const faultsOfTokens = <S extends Settings, Text extends string>(
  operator: Operator<S, Text>,
  wrong: readonly Wrong<S, Text>[],
): Fault[] =>
  faultsOf(
    operator,
    wrong.map(({ program, ...description }) => ({
      ...description,
      program: (inputs, settings, run) => {
        const given = inputs as Named;
        return longestIn(operator as unknown as Operator, { inputs: given }) === 0
          ? run(given, settings)
          : program(inputs, settings, run);
      },
    })),
  );
