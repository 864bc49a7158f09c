/** @file Faults that are the operator itself, on other inputs or settings, or with other results. */
import type { Settings } from '../case.ts';
import type { Fault } from '../fault.ts';
import type { Operator } from '../operator.ts';
import type { Named } from '../program.ts';

/** A fault around the operator's own mode, which it is given as `run`. */
export const around = <S extends Settings>(
  operator: Operator<S>,
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  program: (inputs: Named, settings: S, run: (inputs: Named, settings: S) => Named) => Named,
): Fault<S> => ({
  operator: operator.name,
  mode,
  name,
  says,
  rejectedBy,
  program: (inputs, settings) => program(inputs, settings, operator.modes[mode]!),
});

/** A fault that runs the operator itself on other inputs or settings. */
export const misled = <S extends Settings>(
  operator: Operator<S>,
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  change: (inputs: Named, settings: S) => { inputs?: Named; settings?: S },
): Fault<S> =>
  around(operator, mode, name, says, rejectedBy, (inputs, settings, run) => {
    const other = change(inputs, settings);
    return run(other.inputs ?? inputs, other.settings ?? settings);
  });
